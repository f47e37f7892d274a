//! What whoever has signed in is given: tokens in the body, or cookies for a browser.

use axum::http::HeaderMap;
use chrono::TimeDelta;
use domain::id::OrgId;
use serde_json::json;

use super::sessions::{Pair, random_token};
use crate::answer::Answer;
use crate::cookies;
use crate::problem::Problem;
use crate::state::App;

/// A session that has just begun or was renewed.
pub(super) struct Given<'a> {
    pub(super) pair: Pair,
    pub(super) org: OrgId,
    pub(super) role: &'a str,
    pub(super) must_change_password: bool,
    pub(super) mfa: bool,
}

impl Given<'_> {
    /// The answer; in a browser no script sees the tokens.
    pub(super) fn answer(
        self,
        app: &App,
        headers: &HeaderMap,
        by_cookie: bool,
    ) -> Result<Answer, Problem> {
        let mut body = json!({
            "token_type": "bearer", "org_id": self.org, "role": self.role, "expires_at": self.pair.expires_at,
            "must_change_password": self.must_change_password, "mfa_verified": self.mfa,
        });
        if !by_cookie {
            body["access_token"] = self.pair.access.into();
            body["refresh_token"] = self.pair.refresh.into();
            return Answer::json(&body);
        }
        let (csrf, lives, secure) =
            (page_token(headers), app.staff.lives, app.staff.secure_cookies);
        body["csrf_token"] = csrf.as_str().into();
        let session = (cookies::SESSION, self.pair.access.as_str());
        let refresh = (cookies::REFRESH, self.pair.refresh.as_str());
        Ok(Answer::json(&body)?
            .with(cookies::set(session, Some(lives.access), secure))
            .with(cookies::set(refresh, Some(lives.refresh), secure))
            .with(cookies::set((cookies::CSRF, &csrf), None, secure)))
    }
}

/// What the pages of a browser repeat: the one it has, or a new one.
pub(super) fn page_token(headers: &HeaderMap) -> String {
    let usable = |token: &&str| {
        (20..=128).contains(&token.len())
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let kept = cookies::value(headers, cookies::CSRF).filter(usable);
    kept.map_or_else(random_token, ToOwned::to_owned)
}

/// Takes the cookies of a browser back.
pub(super) fn forget(answer: Answer, app: &App) -> Answer {
    let over = Some(TimeDelta::zero());
    let secure = app.staff.secure_cookies;
    [cookies::SESSION, cookies::REFRESH, cookies::CSRF]
        .into_iter()
        .fold(answer, |answer, name| answer.with(cookies::set((name, ""), over, secure)))
}

/// The wire texts are those clients already know.
pub(super) fn invalid(detail: &'static str) -> Problem {
    metrics::counter!("auth_failures_total", "scheme" => "password", "reason" => detail)
        .increment(1);
    Problem::unauthenticated_bearer(detail)
}
