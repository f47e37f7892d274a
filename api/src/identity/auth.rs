//! Signing in and out, and one's own password.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use commands::{Beside, Context};
use domain::id::{OrgId, UserId};
use domain::identity::password;
use domain::identity::session::SessionCommand;
use domain::identity::staff::{Staff, StaffCommand};
use domain::input;
use domain::recorded::Actor;
use ring::digest::{SHA256, digest};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::sessions::{self, Beginner, Pair, SignedIn};
use crate::answer::Answer;
use crate::audit::Account;
use crate::caller::{Caller, guess_key};
use crate::command::CommandRequest;
use crate::problem::{Code, Problem};
use crate::rate::{Bucket, Rate, Subject};
use crate::request::This;
use crate::route::{Key, Routes, public, signed_in};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(login), public().action("auth.login").key(Key::Ignored).rate(Rate::SignIn))
        .add(routes!(refresh), public().action("auth.refresh").key(Key::Ignored).rate(Rate::SignIn))
        .add(routes!(logout), signed_in().action("auth.logout").key(Key::Ignored).ungated())
        .add(
            routes!(change_password),
            signed_in()
                .action("auth.password_change")
                .key(Key::Ignored)
                .rate(Rate::SignIn)
                .ungated(),
        )
        .add(routes!(me), signed_in().ungated())
        .add(routes!(org_context), signed_in())
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
}

/// Sign in with an address and a password
#[utoipa::path(
    post,
    path = "/v1/auth/login",
    tag = "session",
    request_body = LoginBody,
    responses(
        (status = 200, description = "An access token for 15 minutes, and one to renew it for 14 days", content_type = "application/json"),
        (status = 401, description = "`invalid_credentials` or `membership_not_found`"),
        (status = 409, description = "`ambiguous_organisation`: the password is valid in several"),
        (status = 429, description = "`too_many_attempts`")
    )
)]
async fn login(
    State(app): State<AppState>,
    This(info): This,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let LoginBody { email, password, org_id } = request.body()?;
    let email = input::address(&email).unwrap_or_default();
    app.rate.charge(&info, Bucket::Account, account(&email), app.now()).await?;
    let guess = guess_key(&email, info.address());
    app.logins.check(&guess, app.now())?;
    let turn = app.hashing.turn().await;
    app.logins.check(&guess, app.now())?;

    let found = sqlx::query!(
        r#"select user_id as "user_id!", password_hash as "hash!", must_change_password as "must_change!",
                  temporary_until, org_id, role
           from identity.find_user($1)"#,
        email
    )
    .fetch_all(&app.reads)
    .await?;
    let hashes = found.first().map(|one| one.hash.clone()).into_iter().collect();
    let is_right = turn.verify(password, hashes).await?.first().copied().unwrap_or(false);
    let is_over = |until: Option<DateTime<Utc>>| until.is_some_and(|until| until <= app.now());
    let Some(user) = found.first().filter(|one| is_right && !is_over(one.temporary_until)) else {
        let is_last = app.logins.failed(guess, app.now());
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
        return Err(invalid("invalid_credentials"));
    };
    app.logins.succeeded(&guess);

    let places =
        found.iter().filter_map(|one| Some((OrgId::from(one.org_id?), one.role.as_deref()?)));
    let mut places: Vec<_> =
        places.filter(|(org, _)| org_id.is_none_or(|wanted| wanted == *org)).collect();
    let (org, role) = match (places.pop(), places.as_slice()) {
        (None, _) => return Err(invalid("membership_not_found")),
        (Some(place), []) => place,
        (Some((last, _)), others) => {
            let all = others.iter().map(|(org, _)| *org).chain([last]);
            let all: Vec<_> = all.map(|org| org.to_string()).collect();
            return Err(Problem::new(Code::AmbiguousOrganisation).with("organisations", json!(all)));
        }
    };
    let user_id = UserId::from(user.user_id);
    let context = as_user(&request, org, user_id, role);
    let who = Beginner { org, user: user_id, role, mfa: false };
    let pair = sessions::start(&app, context, &who).await?;
    told(&pair, org, role, user.must_change, false)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

/// Go on under new tokens; the old ones stop working
#[utoipa::path(
    post,
    path = "/v1/auth/refresh",
    tag = "session",
    request_body = RefreshBody,
    responses(
        (status = 200, description = "As for login", content_type = "application/json"),
        (status = 401, description = "`invalid_refresh`, `expired`, or `revoked`: used before, which ends the whole login")
    )
)]
async fn refresh(
    State(app): State<AppState>,
    This(info): This,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    use secrecy::ExposeSecret;
    let RefreshBody { refresh_token } = request.body()?;
    let found = sqlx::query!(
        r#"select session_id as "session_id!", revoked_at, revoked_reason, refresh_until as "refresh_until!"
           from identity.refreshed($1)"#,
        sessions::hash(refresh_token.expose_secret())
    )
    .fetch_optional(&app.reads)
    .await?
    .ok_or_else(|| invalid("invalid_refresh"))?;
    let session = sessions::find(&app, found.session_id.into()).await?;
    let (session, is_revoked) = session.ok_or_else(|| invalid("revoked"))?;
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
    // Of two who come at once with the same token, the log lets one through.
    let pair = sessions::rotate(&app, context, &session).await.map_err(|problem| {
        if problem.status() == StatusCode::CONFLICT { invalid("revoked") } else { problem }
    })?;
    let SignedIn { org, role, must_change_password, mfa, .. } = session;
    told(&pair, org, role.key(), must_change_password, mfa)
}

/// End this login
#[utoipa::path(
    post,
    path = "/v1/auth/logout",
    tag = "session",
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "ok" })))
)]
async fn logout(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let session = caller.session()?;
    let command = SessionCommand::Revoke { reason: "logout".to_owned() };
    sessions::end(&app, request.context(&caller), session.family, command).await?;
    Answer::json(&json!({ "status": "ok" }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePasswordBody {
    #[schema(value_type = String)]
    current_password: SecretString,
    /// At least 12 characters, with upper and lower case letters and a digit.
    #[schema(value_type = String)]
    new_password: SecretString,
}

/// Choose another password; every other session of this login ends
#[utoipa::path(
    post,
    path = "/v1/auth/change-password",
    tag = "session",
    request_body = ChangePasswordBody,
    responses(
        (status = 200, description = "As for login", content_type = "application/json"),
        (status = 400, description = "`weak_password`"),
        (status = 401, description = "The current password is another one")
    )
)]
async fn change_password(
    State(app): State<AppState>,
    This(info): This,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    use secrecy::ExposeSecret;
    let session = caller.session()?.clone();
    let ChangePasswordBody { current_password, new_password } = request.body()?;
    let guess = guess_key(&session.email, info.address());
    app.logins.check(&guess, app.now())?;
    let hash = sqlx::query_scalar!(
        r#"select password_hash as "hash!" from identity.secrets($1, $2)"#,
        session.org.as_uuid(),
        session.user.as_uuid()
    )
    .fetch_all(&app.reads)
    .await?;
    let is_same = current_password.expose_secret() == new_password.expose_secret();
    let turn = app.hashing.turn().await;
    if turn.verify(current_password, hash).await? != [true] {
        app.logins.failed(guess, app.now());
        return Err(invalid("Invalid credentials"));
    }
    let weak = |text: String| Problem::new(Code::WeakPassword).detail(text);
    if is_same {
        return Err(weak("New password must differ from current".to_owned()));
    }
    password::check(new_password.expose_secret()).map_err(|why| weak(why.to_string()))?;
    let hash = app.hashing.hash(new_password).await?;

    let mut context = request.context(&caller);
    let put = json!({ "do": "put_password", "user_id": session.user, "password_hash": hash });
    context.beside.push(Beside(put));
    let command = StaffCommand::ChangePassword { user_id: session.user };
    let staff = session.org.to_string();
    app.bus.execute::<Staff>(&context, &staff, command, |_| Value::Null).await?;

    let role = session.role.key();
    let who = Beginner { org: session.org, user: session.user, role, mfa: session.mfa };
    let pair = sessions::start(&app, request.context(&caller), &who).await?;
    told(&pair, session.org, role, false, session.mfa)
}

/// Who this login is
#[utoipa::path(
    get,
    path = "/v1/auth/me",
    tag = "session",
    responses((status = 200, description = "This login", content_type = "application/json"))
)]
async fn me(caller: Caller) -> Result<Answer, Problem> {
    let session = caller.session()?;
    Answer::json(&json!({
        "user_id": session.user, "org_id": session.org, "role": session.role.key(), "email": session.email,
        "must_change_password": session.must_change_password,
    }))
}

/// The organisation this login acts for
#[utoipa::path(
    get,
    path = "/v1/auth/org-context",
    tag = "session",
    responses((status = 200, description = "Its id", content_type = "application/json"))
)]
async fn org_context(caller: Caller) -> Result<Answer, Problem> {
    Answer::json(&json!({ "org_id": caller.org() }))
}

/// The account that goes by an address, without the address.
fn account(email: &str) -> Subject {
    let digest = digest(&SHA256, email.as_bytes());
    let half = digest.as_ref().first_chunk().copied().unwrap_or_default();
    Subject::Account(u128::from_be_bytes(half))
}

fn as_user(request: &CommandRequest, org: OrgId, user: UserId, role: &str) -> Context {
    let actor = Actor { kind: "staff".to_owned(), id: user.to_string(), role: role.to_owned() };
    request.context_of(org, actor)
}

/// The wire texts are those clients already know.
fn invalid(detail: &'static str) -> Problem {
    metrics::counter!("auth_failures_total", "scheme" => "password", "reason" => detail)
        .increment(1);
    Problem::unauthenticated_bearer(detail)
}

fn told(
    pair: &Pair,
    org: OrgId,
    role: &str,
    must_change_password: bool,
    mfa: bool,
) -> Result<Answer, Problem> {
    Answer::json(&json!({
        "access_token": pair.access, "refresh_token": pair.refresh, "token_type": "bearer", "org_id": org,
        "role": role, "expires_at": pair.expires_at, "must_change_password": must_change_password,
        "mfa_verified": mfa,
    }))
}
