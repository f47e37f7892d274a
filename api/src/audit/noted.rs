//! How a request ended, as the audit log keeps it.
//!
//! What was carried out is an event already. Left are: whoever was denied something (once a minute for the same), commands
//! of staff that were rejected or failed, failed logins of those who exist, and reads that leave the system. Other reads
//! never wait for the audit log.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::attempt::{Attempt, Outcome};
use futures::future::join_all;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::client;
use super::trail::Account;
use crate::edge::shield;
use crate::problem::{Code, Problem};
use crate::request::RequestInfo;
use crate::route::Rule;
use crate::state::{App, AppState};

/// Wraps every route, inside the edge: what the handlers and their guards answered is noted before it leaves, and what they did
/// not answer in time too.
pub(crate) async fn around(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let info = request.extensions().get::<Arc<RequestInfo>>().cloned();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let answer = shield(app.edge.room.in_time(next.run(request))).await;
    match (info, path) {
        (Some(info), Some(path)) => noted(&app, &info, (&method, path.as_str()), answer).await,
        _ => answer,
    }
}

/// Notes what is to be noted about a request to `method` and `path`, the template of the route, and hands on its answer.
///
/// Of reads that leave the system the answer is held back if there can be no entry about it.
async fn noted(
    app: &App,
    info: &RequestInfo,
    (method, path): (&Method, &str),
    answer: Response,
) -> Response {
    let Some((rule, resource)) = info.trail.rule() else { return answer };
    let ended = Ended { app, info, method, path, resource, status: answer.status() };
    let problem = answer.extensions().get::<Problem>();
    let failed = info.trail.take_failed_logins().into_iter().map(|(account, action)| {
        app.attempts.note(ended.attempt(&account, action, Outcome::Denied, problem, 0))
    });
    join_all(failed).await;
    let Some(account) = account(info) else { return answer };
    let Some(outcome) = outcome(rule, info.trail.is_admitted(), answer.status()) else {
        return answer;
    };
    let action = rule.action.map_or_else(|| read_of(path), str::to_owned);
    let mut left_out = 0;
    if outcome == Outcome::Denied {
        let key = (account.org, account.id.to_string(), format!("{method} {path}"));
        let Some(others) = app.denials.admit(key, app.now()) else { return answer };
        left_out = others;
    }
    let attempt = ended.attempt(&account, &action, outcome, problem, left_out);
    let is_kept = match outcome {
        Outcome::Success => app.attempts.note_first(attempt).await,
        Outcome::Denied | Outcome::Rejected => app.attempts.note(attempt).await,
        Outcome::Error => app.attempts.note_later(attempt).await,
    };
    if outcome == Outcome::Success && !is_kept {
        return Problem::retry(Code::DatabaseUnavailable, 5).into_response();
    }
    answer
}

/// The login that was recognised, whether or not it got in.
fn account(info: &RequestInfo) -> Option<Account> {
    let who = info.who()?;
    Some(Account { org: who.org, id: who.user?, role: who.role.unwrap_or("staff").to_owned() })
}

/// `None` if it is not to be noted.
fn outcome(rule: Rule, is_admitted: bool, status: StatusCode) -> Option<Outcome> {
    let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
    match status {
        status if status.is_server_error() => rule.action.map(|_| Outcome::Error),
        // What the guard turns down is not wrong but not allowed: read-only for example. A malformed request is wrong.
        status if refused || (!is_admitted && status != StatusCode::BAD_REQUEST) => {
            Some(Outcome::Denied)
        }
        status if status.is_client_error() => rule.action.map(|_| Outcome::Rejected),
        _ => rule.leaves.then_some(Outcome::Success),
    }
}

/// Reads have no name of their own: theirs is made of the last word of the path.
fn read_of(path: &str) -> String {
    let words = path.rsplit('/').filter(|word| !word.is_empty() && !word.starts_with('{'));
    let word = words.map(|word| word.replace(['-', '.'], "_")).next();
    format!("{}.read", word.unwrap_or_default())
}

/// A request that was answered.
struct Ended<'a> {
    app: &'a App,
    info: &'a RequestInfo,
    method: &'a Method,
    path: &'a str,
    resource: Option<&'a str>,
    status: StatusCode,
}

impl Ended<'_> {
    fn attempt(
        &self,
        account: &Account,
        action: &str,
        outcome: Outcome,
        problem: Option<&Problem>,
        left_out: u32,
    ) -> Attempt {
        let info = self.info;
        let mut facts = Map::from_iter([
            ("method".to_owned(), Value::from(self.method.as_str())),
            ("route".to_owned(), Value::from(self.path)),
            // Where it waited for the database, the entry is younger than what it tells.
            ("at".to_owned(), Value::from(self.app.now().to_rfc3339())),
        ]);
        if let Some(problem) = problem {
            facts.insert("code".to_owned(), problem.code().into());
        }
        if left_out > 0 {
            facts.insert("left_out".to_owned(), left_out.into());
        }
        Attempt {
            audit_id: Uuid::now_v7(),
            org: account.org,
            admin_role: account.role.clone(),
            actor: account.id.to_string(),
            actor_user_id: Some(account.id),
            action: action.to_owned(),
            resource_type: action.split('.').next().map(str::to_owned),
            resource_id: self.resource.map(str::to_owned),
            metadata: Value::Object(facts).to_string(),
            outcome,
            status_code: Some(self.status.as_u16()),
            request_id: Some(info.id.clone()),
            correlation_id: Some(info.correlation.clone()),
            client_ip: self.app.client_address.of(info.address()),
            user_agent_hash: info.agent.as_ref().map(client::agent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{owner, public};

    #[test]
    fn what_is_noted_follows_from_rule_and_status() {
        let command = owner().action("lead.update");
        let told =
            |rule, admitted, status| outcome(rule, admitted, StatusCode::from_u16(status).unwrap());
        assert_eq!(told(command, true, 200), None);
        assert_eq!(told(command, true, 409), Some(Outcome::Rejected));
        assert_eq!(told(command, true, 404), Some(Outcome::Rejected));
        assert_eq!(told(command, true, 503), Some(Outcome::Error));
        assert_eq!(told(command, true, 401), Some(Outcome::Denied));
        assert_eq!(told(command, false, 403), Some(Outcome::Denied));
        assert_eq!(told(command, false, 409), Some(Outcome::Denied));
        assert_eq!(told(command, false, 400), Some(Outcome::Rejected));
        assert_eq!(told(owner(), false, 403), Some(Outcome::Denied));
        assert_eq!(told(owner(), true, 404), None);
        assert_eq!(told(public(), true, 500), None);
        assert_eq!(told(owner().leaves("audit.export"), true, 200), Some(Outcome::Success));
        assert_eq!(told(owner().leaves("audit.export"), true, 422), Some(Outcome::Rejected));
    }

    #[test]
    fn a_read_is_called_by_what_it_reads() {
        assert_eq!(read_of("/v1/admin/audit-logs"), "audit_logs.read");
        assert_eq!(read_of("/v1/admin/leads/{lead_id}"), "leads.read");
        assert_eq!(read_of("/v1/admin/history/{type}/{id}"), "history.read");
    }
}
