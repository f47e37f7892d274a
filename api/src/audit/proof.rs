//! `GET /v1/admin/audit-logs/verify`: whether anybody changed what was noted.

use axum::extract::State;
use domain::access::Permission;
use projections::audit_log::{self, Known};
use projections::history::checkpoint::{self, Signature, SigningKey};
use projections::history::log;
use projections::tenant;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const ADMIN: &[Permission] = &[Permission::AdminManage];

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(verify_audit_log), staff(ADMIN))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProofQuery {
    /// `attempts.number` of an earlier answer; finds an end that was cut off after the last signed head.
    number: Option<i64>,
    /// `attempts.hash` of the same answer.
    hash: Option<String>,
}

impl ProofQuery {
    fn known(&self) -> Result<Option<Known>, Problem> {
        let (Some(number), Some(text)) = (self.number, &self.hash) else {
            return match (self.number, &self.hash) {
                (None, None) => Ok(None),
                (None, Some(_)) => Err(Problem::field("number", "Field required")),
                (Some(_), _) => Err(Problem::field("hash", "Field required")),
            };
        };
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash)
            .map_err(|_| Problem::field("hash", "Expected 64 hexadecimal digits"))?;
        Ok(Some(Known { number, hash }))
    }
}

/// Recomputes the chain of what left no event, and tells where the proof of everything else is
///
/// Successes are events: the chain of the log and its signed heads prove them, and `read_model` says whether what is shown
/// was made from that very log.
#[utoipa::path(
    get,
    path = "/v1/admin/audit-logs/verify",
    tag = "history",
    params(ProofQuery),
    responses((status = 200, description = "`ok`, or what was found", content_type = "application/json", example = json!({
        "ok": true,
        "attempts": { "entries": 12, "pruned": 0, "number": 12, "hash": "9f86…", "findings": [] },
        "events": {
            "head": { "position": 41, "hash": "2c26…" }, "last_checkpoint": null,
            "read_model": { "position": 41, "matches": true },
            "links": { "checkpoints": "/v1/admin/history/checkpoints", "events": "/v1/admin/events" }
        }
    })))
)]
async fn verify_audit_log(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<ProofQuery>,
) -> Result<Answer, Problem> {
    let (org, mut known) = (caller.org(), Vec::from_iter(asked.known()?));
    let mut tx = tenant::begin(&app.reads, org).await?;
    let last = checkpoint::list(&mut tx, org, None, 1).await?.into_iter().next();
    // What we signed ourselves is known without being told.
    let ours = app.signing.as_ref().map(SigningKey::public);
    let signed = last.iter().filter(|last| last.check(ours.as_slice()) == Signature::Good);
    known.extend(signed.filter_map(|last| last.attempts));
    let attempts = audit_log::verify(&mut tx, org, &known).await?;
    let read_model = audit_log::read_model(&mut tx, org).await?;
    let head = log::head(&mut tx, org).await?;
    let head =
        head.map(|head| json!({ "position": head.position, "hash": hex::encode(head.hash) }));
    Answer::json(&json!({
        "ok": attempts.is_clean() && read_model.matches,
        "attempts": attempts,
        "events": {
            "head": head,
            "last_checkpoint": last,
            "read_model": read_model,
            "links": { "checkpoints": "/v1/admin/history/checkpoints", "events": "/v1/admin/events" },
        },
    }))
}
