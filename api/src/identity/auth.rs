//! Signing in, and going on.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use chrono::{DateTime, Utc};
use commands::Context;
use domain::id::{OrgId, UserId};
use domain::identity::session::SessionCommand;
use domain::input;
use domain::recorded::Actor;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::attempts::{Attempt, Guessed};
use super::given::{Given, invalid};
use super::second_factor;
use super::sessions::{self, Beginner, Found};
use crate::answer::Answer;
use crate::audit::Account;
use crate::caller::Means;
use crate::command::CommandRequest;
use crate::cookies;
use crate::problem::{Code, Problem};
use crate::rate::{Bucket, Rate, Subject};
use crate::request::{RequestInfo, This};
use crate::route::{Key, Routes, public};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(login), public().action("auth.login").key(Key::Ignored).rate(Rate::SignIn))
        .add(routes!(refresh), public().action("auth.refresh").key(Key::Ignored).rate(Rate::SignIn))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "email": "owner@sparkle.example", "password": "Correct-Horse-1" })))]
struct LoginBody {
    email: String,
    #[schema(value_type = String)]
    password: SecretString,
    /// Needed if the login is valid in several organisations.
    #[schema(value_type = Option<uuid::Uuid>)]
    org_id: Option<OrgId>,
    /// Six digits of the second factor, or a recovery code; needed where one is in use.
    #[schema(value_type = Option<String>)]
    mfa_code: Option<SecretString>,
    /// For browsers: the tokens come as cookies that no script can read, instead of in the body.
    #[serde(default)]
    cookies: bool,
}

/// Sign in with an address and a password
#[utoipa::path(
    post,
    path = "/v1/auth/login",
    tag = "session",
    request_body = LoginBody,
    responses(
        (status = 200, description = "An access token for 15 minutes, and one to renew it for 14 days", content_type = "application/json"),
        (status = 401, description = "`invalid_credentials` or `membership_not_found`; `mfa_required` if a code is missing or wrong"),
        (status = 403, description = "`cross_site`: cookies are given to pages of our own only"),
        (status = 409, description = "`ambiguous_organisation`: the password is valid in several"),
        (status = 429, description = "`too_many_attempts`")
    )
)]
async fn login(
    State(app): State<AppState>,
    This(info): This,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let LoginBody { email, password, org_id, mfa_code, cookies } = request.body()?;
    if cookies {
        cookies::check(&Method::POST, &headers, Means::Basic)?;
    }
    let email = input::address(&email).unwrap_or_default();
    app.rate.charge(&info, Bucket::Account, Subject::of_account(&email), app.now()).await?;
    let member = by_password(&app, &email, password, &info, org_id).await?;
    let (org, role) = member.place(org_id)?;
    let mut mfa = false;
    if member.has_totp {
        let code = mfa_code.ok_or_else(|| Problem::mfa("MFA code required"))?;
        second_factor::show(&app, org, member.user, &code).await?;
        mfa = true;
    }
    let context = as_user(&request, org, member.user, &role);
    let who = Beginner { org, user: member.user, role: &role, mfa };
    let pair = sessions::start(&app, context, &who).await?;
    let given = Given { pair, org, role: &role, must_change_password: member.must_change, mfa };
    given.answer(&app, &headers, cookies)
}

/// Somebody who has shown their password.
struct Member {
    user: UserId,
    must_change: bool,
    has_totp: bool,
    /// Where they may act, and as what.
    places: Vec<(OrgId, String)>,
}

impl Member {
    /// The one place that is meant.
    fn place(&self, wanted: Option<OrgId>) -> Result<(OrgId, String), Problem> {
        let fits = |(org, _): &&(OrgId, String)| wanted.is_none_or(|wanted| wanted == *org);
        let places: Vec<_> = self.places.iter().filter(fits).collect();
        match places.as_slice() {
            [] => Err(invalid("membership_not_found")),
            [(org, role)] => Ok((*org, role.clone())),
            several => {
                let all: Vec<_> = several.iter().map(|(org, _)| org.to_string()).collect();
                let problem = Problem::new(Code::AmbiguousOrganisation);
                Err(problem.with("organisations", json!(all)))
            }
        }
    }
}

async fn by_password(
    app: &App,
    email: &str,
    password: SecretString,
    info: &RequestInfo,
    org_id: Option<OrgId>,
) -> Result<Member, Problem> {
    let turn = app.hashing.turn().await?;
    let guessed = Guessed::password(email, info.address());
    let looked_up = async {
        let attempt = Attempt::at_password(app, guessed).await?;
        let found = sqlx::query!(
            r#"select user_id as "user_id!", password_hash as "hash!", must_change_password as "must_change!",
                  temporary_until, totp_enabled as "has_totp!", org_id, role
           from identity.find_user($1)"#,
            email
        )
        .fetch_all(&app.reads)
        .await?;
        Ok((attempt, found))
    };
    let (attempt, found) = turn.within(looked_up).await?;
    let hashes = found.first().map(|one| one.hash.clone()).into_iter().collect();
    let given = password.clone();
    let is_right = turn.verify(password, hashes).await?.first().copied().unwrap_or(false);
    let is_over = |until: Option<DateTime<Utc>>| until.is_some_and(|until| until <= app.now());
    let Some(user) = found.first().filter(|one| is_right && !is_over(one.temporary_until)) else {
        let is_last = app.logins.failures.record(email, info.address(), app.now());
        let accounts = found.iter().filter_map(|one| {
            let org = OrgId::from(one.org_id?);
            let role = one.role.clone()?;
            org_id.is_none_or(|wanted| wanted == org).then_some(Account {
                org,
                id: one.user_id,
                role,
            })
        });
        info.trail.failed_login(accounts, is_last);
        attempt.was_wrong();
        return Err(invalid("invalid_credentials"));
    };
    attempt.succeeded().await?;
    app.logins.failures.forget(email, info.address());
    if !app.hashing.is_current(&user.hash) {
        // Only now is the password at hand to be hashed at today's cost.
        let new = app.hashing.hash(given).await?;
        sqlx::query!("select identity.rehash($1, $2, $3)", user.user_id, user.hash, new)
            .execute(&app.reads)
            .await?;
    }
    let places = found.iter().filter_map(|one| Some((one.org_id?.into(), one.role.clone()?)));
    Ok(Member {
        user: user.user_id.into(),
        must_change: user.must_change,
        has_totp: user.has_totp,
        places: places.collect(),
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    /// The cookie of the browser if left out.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<SecretString>,
    /// A code of the second factor, if it was not shown in this login yet.
    #[schema(value_type = Option<String>)]
    mfa_code: Option<SecretString>,
}

/// Go on under new tokens; the old ones stop working
#[utoipa::path(
    post,
    path = "/v1/auth/refresh",
    tag = "session",
    request_body = RefreshBody,
    responses(
        (status = 200, description = "As for login", content_type = "application/json"),
        (status = 401, description = "`invalid_refresh`, `expired`, or `revoked`: used before, which ends the whole login"),
        (status = 403, description = "`csrf_missing`, `csrf_invalid` or `cross_site`: the token came as a cookie"),
        (status = 429, description = "`too_many_attempts`: too many wrong codes")
    )
)]
async fn refresh(
    State(app): State<AppState>,
    This(info): This,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let RefreshBody { refresh_token, mfa_code } = request.body()?;
    let by_cookie = refresh_token.is_none();
    let token =
        refresh_token.or_else(|| cookies::value(&headers, cookies::REFRESH).map(Into::into));
    let token = token.ok_or_else(|| invalid("invalid_refresh"))?;
    if by_cookie {
        cookies::check(&Method::POST, &headers, Means::Cookie)?;
    }
    let found = sqlx::query!(
        r#"select session_id as "session_id!", revoked_at, revoked_reason, refresh_until as "refresh_until!"
           from identity.refreshed($1)"#,
        sessions::hash(token.expose_secret())
    )
    .fetch_optional(&app.reads)
    .await?
    .ok_or_else(|| invalid("invalid_refresh"))?;
    let session = sessions::find(&app, found.session_id.into()).await?;
    let Found { session, is_revoked, .. } = session.ok_or_else(|| invalid("revoked"))?;
    let family = Subject::Account(session.family.as_u128());
    app.rate.charge(&info, Bucket::Account, family, app.now()).await?;
    info.is_from(session.who());
    let context = as_user(&request, session.org, session.user, session.role.key());
    if is_revoked {
        let is_late = found.revoked_at.is_some_and(|at| at + sessions::GRACE <= app.now());
        if is_late && found.revoked_reason.as_deref() == Some("rotated") {
            let reuse = SessionCommand::Reuse { session_id: session.session };
            sessions::end(&app, context, session.family, reuse).await?;
        }
        return Err(invalid("revoked"));
    }
    if found.refresh_until <= app.now() {
        return Err(invalid("expired"));
    }
    let mut mfa = session.mfa;
    if let Some(code) = mfa_code.filter(|_| session.has_totp && !mfa) {
        second_factor::show(&app, session.org, session.user, &code).await?;
        mfa = true;
    }
    // Of two who come at once with the same token, the log lets one through.
    let pair = sessions::rotate(&app, context, &session, mfa).await.map_err(|problem| {
        if problem.status() == StatusCode::CONFLICT { invalid("revoked") } else { problem }
    })?;
    let (org, role) = (session.org, session.role.key());
    let must_change_password = session.must_change_password;
    Given { pair, org, role, must_change_password, mfa }.answer(&app, &headers, by_cookie)
}

fn as_user(request: &CommandRequest, org: OrgId, user: UserId, role: &str) -> Context {
    let actor = Actor { kind: "staff".to_owned(), id: user.to_string(), role: role.to_owned() };
    request.context_of(org, actor)
}
