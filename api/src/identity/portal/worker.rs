//! The portal of workers: coming in by phone and password, who one is, another password.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use chrono::{DateTime, Utc};
use commands::Beside;
use domain::id::{OrgId, WorkerId};
use domain::identity::password;
use domain::input;
use domain::people::worker::{TeamNumber, Worker, WorkerCommand, WorkerError};
use domain::personal::PLACEHOLDER;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::attempts::{Attempt, Guessed};
use super::caller::{Portal, PortalCaller};
use super::sessions::{self, Shown};
use crate::answer::Answer;
use crate::audit::Account;
use crate::caller::{Credentials, Means};
use crate::command::CommandRequest;
use crate::cookies;
use crate::organisation::Public;
use crate::problem::{Code, Problem};
use crate::rate::{Bucket, Rate, Subject};
use crate::request::{RequestInfo, This};
use crate::route::{Key, Routes, public, worker};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let sign_in = public().action("portal.login").key(Key::Ignored).rate(Rate::SignIn);
    let password = worker().action("portal.password_change").key(Key::Ignored);
    Routes::default()
        .add(routes!(worker_login), sign_in)
        .add(routes!(worker_me), worker().ungated())
        .add(routes!(worker_org_context), worker())
        .add(routes!(change_worker_password), password.rate(Rate::SignIn).ungated())
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "phone": "780-555-0199", "password": "mop-and-pail" })))]
struct WorkerLoginBody {
    /// However it is written; or the name of the login that a team shares. Left out with its password where HTTP Basic names them.
    #[serde(default)]
    phone: String,
    #[serde(default)]
    #[schema(value_type = String)]
    password: SecretString,
    /// For browsers: the token comes as a cookie that no script can read, instead of in the body. So it does with HTTP Basic.
    #[serde(default)]
    cookies: bool,
}

/// Sign in as a worker, with phone and password
#[utoipa::path(
    post,
    path = "/worker/login",
    tag = "portal",
    request_body = WorkerLoginBody,
    responses(
        (status = 200, description = "A token for twelve hours", content_type = "application/json"),
        (status = 401, description = "Phone and password do not belong together, or the worker may not sign in"),
        (status = 403, description = "`cross_site`: cookies are given to pages of our own only"),
        (status = 429, description = "`too_many_attempts`")
    )
)]
async fn worker_login(
    State(app): State<AppState>,
    This(info): This,
    Public(org): Public,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: WorkerLoginBody = request.body()?;
    let named = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let basic = named.filter(|named| is_basic(named)).map(Credentials::parse);
    let by_cookie = body.cookies || basic.is_some();
    let (phone, password) = match basic {
        Some(Ok(named)) => (named.username, named.password),
        Some(Err(_)) => return Err(invalid("Invalid authentication")),
        None => (body.phone, body.password),
    };
    if by_cookie {
        cookies::check(&Method::POST, &headers, Means::Basic)?;
    }
    let shown = by_password(&app, &info, org.id, &phone, password).await?;
    let shared = || app.shared_login(org.id).map(|login| login.holder(org.id));
    let holder = shown.worker.map(WorkerId::as_uuid).or_else(shared).unwrap_or_default();
    let context = request.context_of(org.id, Portal::Worker.actor(holder));
    let begun = sessions::open(&app, context, &shown).await?;
    begun.answer(&app, &headers, by_cookie, told(&shown))
}

/// A token of somebody is no name and password; it says nothing about who wants to come in.
fn is_basic(header: &[u8]) -> bool {
    header.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic "))
}

fn told(shown: &Shown) -> Value {
    json!({
        "worker_id": shown.worker, "team_id": shown.team, "must_change_password": shown.must_change,
    })
}

/// Under which wrong passwords of a worker are counted.
fn name(org: OrgId, login: &str) -> String {
    format!("worker {org} {login}")
}

async fn by_password(
    app: &App,
    info: &RequestInfo,
    org: OrgId,
    phone: &str,
    password: SecretString,
) -> Result<Shown, Problem> {
    let login = input::phone(phone).unwrap_or_default();
    let name = name(org, &login);
    app.rate.charge(info, Bucket::Account, Subject::of_account(&name), app.now()).await?;
    let turn = app.hashing.turn().await?;
    let looked_up = async {
        let attempt = Attempt::at_password(app, Guessed::password(&name, info.address())).await?;
        let found = sqlx::query!(
            r#"select worker_id as "worker_id!", team as "team!", password_hash as "hash!", temporary_until
           from portal.find_worker($1, $2)"#,
            org.as_uuid(),
            login
        )
        .fetch_optional(&app.reads)
        .await?;
        Ok((attempt, found))
    };
    let (attempt, found) = turn.within(looked_up).await?;
    let hashes = found.iter().map(|one| one.hash.clone()).collect();
    let given = password.clone();
    let is_right = turn.verify(password, hashes).await?.first().copied().unwrap_or(false);
    if let Some(login) = app.shared_login(org).filter(|login| login.is_of(phone, &given)) {
        attempt.succeeded().await?;
        app.logins.failures.forget(&name, info.address());
        let team = login.team;
        return Ok(Shown { org, worker: None, team, hash: String::new(), must_change: false });
    }
    let is_over = |until: Option<DateTime<Utc>>| until.is_some_and(|until| until <= app.now());
    let right = found.as_ref().filter(|one| is_right && !is_over(one.temporary_until));
    let right = right.and_then(|one| Some((one, TeamNumber::parse(one.team)?)));
    let Some((one, team)) = right else {
        let is_last = app.logins.failures.record(&name, info.address(), app.now());
        let role = Portal::Worker.name().to_owned();
        let account = found.map(|one| Account { org, id: one.worker_id, role });
        info.trail.failed_login(account, is_last);
        attempt.was_wrong();
        return Err(invalid("Invalid phone or password"));
    };
    attempt.succeeded().await?;
    app.logins.failures.forget(&name, info.address());
    let mut hash = one.hash.clone();
    if !app.hashing.is_current(&hash) {
        // Only now is the password at hand to be hashed at today's cost.
        let new = app.hashing.hash(given).await?;
        sqlx::query!(
            "select portal.rehash($1, $2, $3, $4)",
            org.as_uuid(),
            one.worker_id,
            hash,
            new
        )
        .execute(&app.reads)
        .await?;
        hash = new;
    }
    let must_change = one.temporary_until.is_some();
    Ok(Shown { org, worker: Some(one.worker_id.into()), team, hash, must_change })
}

/// The wire texts are those clients already know.
fn invalid(detail: &'static str) -> Problem {
    metrics::counter!("auth_failures_total", "scheme" => "worker", "reason" => "invalid_credentials")
        .increment(1);
    Problem::unauthenticated_bearer(detail)
}

/// Who this worker is
#[utoipa::path(
    get,
    path = "/worker/me",
    tag = "portal",
    responses((status = 200, description = "The worker, and their organisation; in a browser also what its pages repeat in `X-CSRF-Token`", content_type = "application/json"))
)]
async fn worker_me(
    State(app): State<AppState>,
    headers: HeaderMap,
    caller: PortalCaller,
    means: Means,
) -> Result<Answer, Problem> {
    let organisation = app.organisations.registered(&app.reads, caller.org).await?;
    let mut body = json!({
        "org_id": caller.org, "organisation": organisation.name, "expires_at": caller.expires_at,
        "must_change_password": caller.must_change_password,
    });
    if caller.is_shared {
        let name = format!("Team {}", caller.team.unwrap_or_default());
        body["worker_id"] = Value::Null;
        (body["name"], body["phone"], body["email"]) = (name.into(), "".into(), Value::Null);
        body["team_id"] = caller.team.into();
    } else {
        let found = app.bus.load::<Worker>(caller.org, &caller.holder.to_string()).await?;
        let worker = found.state.details();
        let worker = worker.ok_or_else(|| Problem::refused(&WorkerError::NotFound))?;
        let profile = worker.profile.open();
        body["worker_id"] = json!(worker.worker_id);
        body["name"] = profile.map_or(PLACEHOLDER, |profile| &profile.name).into();
        body["phone"] = profile.map_or(PLACEHOLDER, |profile| &profile.phone).into();
        body["email"] = profile.and_then(|profile| profile.email.as_deref()).into();
        body["team_id"] = json!(worker.team);
    }
    match means {
        Means::Cookie => sessions::remind(&app, &headers, caller.portal, &mut body),
        Means::Basic | Means::Bearer => Answer::json(&body),
    }
}

/// The organisation this worker works for
#[utoipa::path(
    get,
    path = "/worker/org-context",
    tag = "portal",
    responses((status = 200, description = "Its id", content_type = "application/json"))
)]
async fn worker_org_context(caller: PortalCaller) -> Result<Answer, Problem> {
    Answer::json(&json!({ "org_id": caller.org }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WorkerPasswordBody {
    #[schema(value_type = String)]
    current_password: SecretString,
    /// At least 8 characters.
    #[schema(value_type = String)]
    new_password: SecretString,
}

/// Choose another password; every other session of this worker ends
#[utoipa::path(
    post,
    path = "/worker/change-password",
    tag = "portal",
    request_body = WorkerPasswordBody,
    responses(
        (status = 200, description = "As for login", content_type = "application/json"),
        (status = 400, description = "`weak_password`"),
        (status = 401, description = "The current password is another one"),
        (status = 429, description = "`too_many_attempts`")
    )
)]
async fn change_worker_password(
    State(app): State<AppState>,
    This(info): This,
    headers: HeaderMap,
    caller: PortalCaller,
    means: Means,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let WorkerPasswordBody { current_password, new_password } = request.body()?;
    let is_same = current_password.expose_secret() == new_password.expose_secret();
    let team = check_current(&app, &info, &caller, current_password).await?;
    let weak = |text: String| Problem::new(Code::WeakPassword).detail(text);
    if is_same {
        return Err(weak("New password must differ from current".to_owned()));
    }
    password::check_of_worker(new_password.expose_secret()).map_err(|why| weak(why.to_string()))?;
    let hash = app.hashing.hash(new_password).await?;

    let mut context = caller.context(&request);
    context.beside.push(Beside(json!({
        "do": "portal.put_password", "worker_id": caller.holder, "password_hash": hash,
    })));
    let (id, command) = (caller.holder.to_string(), WorkerCommand::ChangePassword);
    app.bus.execute::<Worker>(&context, &id, command, |_| Value::Null).await?;

    let worker = Some(WorkerId::from(caller.holder));
    let shown = Shown { org: caller.org, worker, team, hash, must_change: false };
    let begun = sessions::open(&app, caller.context(&request), &shown).await?;
    begun.answer(&app, &headers, means == Means::Cookie, told(&shown))
}

/// Refuses whoever sits at a session of somebody else and does not know their password.
async fn check_current(
    app: &App,
    info: &RequestInfo,
    caller: &PortalCaller,
    password: SecretString,
) -> Result<TeamNumber, Problem> {
    let turn = app.hashing.turn().await?;
    let guessed = Guessed::password(&name(caller.org, &caller.holder.to_string()), info.address());
    let looked_up = async {
        let found = sqlx::query!(
            r#"select team as "team!", password_hash as "hash!" from portal.worker($1, $2)"#,
            caller.org.as_uuid(),
            caller.holder
        )
        .fetch_optional(&app.reads)
        .await?;
        Ok((Attempt::at_password(app, guessed).await?, found))
    };
    let (attempt, found) = turn.within(looked_up).await?;
    let hashes = found.iter().map(|one| one.hash.clone()).collect();
    let is_right = turn.verify(password, hashes).await? == [true];
    let team = found.filter(|_| is_right).and_then(|one| TeamNumber::parse(one.team));
    let Some(team) = team else {
        attempt.was_wrong();
        return Err(invalid("Invalid credentials"));
    };
    attempt.succeeded().await?;
    Ok(team)
}
