//! The login one has: leaving it, its password, who it is.

use axum::extract::State;
use axum::http::HeaderMap;
use commands::Beside;
use domain::identity::password;
use domain::identity::session::SessionCommand;
use domain::identity::staff::{Staff, StaffCommand};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::attempts::{Attempt, Guessed};
use super::given::{self, Given, invalid};
use super::sessions::{self, Beginner, SignedIn};
use crate::answer::Answer;
use crate::caller::{Caller, Means};
use crate::command::CommandRequest;
use crate::cookies;
use crate::problem::{Code, Problem};
use crate::rate::Rate;
use crate::request::This;
use crate::route::{Key, Routes, signed_in};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
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
        .add(routes!(csrf), signed_in())
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
    means: Means,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let session = caller.session()?;
    let command = SessionCommand::Revoke { reason: "logout".to_owned() };
    sessions::end(&app, request.context(&caller), session.family, command).await?;
    let done = Answer::json(&json!({ "status": "ok" }))?;
    Ok(if means == Means::Cookie { given::forget(done, &app) } else { done })
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
    headers: HeaderMap,
    caller: Caller,
    means: Means,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let session = caller.session()?.clone();
    let ChangePasswordBody { current_password, new_password } = request.body()?;
    let is_same = current_password.expose_secret() == new_password.expose_secret();
    let guessed = Guessed::password(&session.email, info.address());
    check_current(&app, &session, current_password, guessed).await?;
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

    let (org, role, mfa) = (session.org, session.role.key(), session.mfa);
    let who = Beginner { org, user: session.user, role, mfa };
    let pair = sessions::start(&app, request.context(&caller), &who).await?;
    let given = Given { pair, org, role, must_change_password: false, mfa };
    given.answer(&app, &headers, means == Means::Cookie)
}

/// Refuses whoever sits at a session of somebody else and does not know their password.
async fn check_current(
    app: &App,
    session: &SignedIn,
    password: SecretString,
    guessed: Guessed,
) -> Result<(), Problem> {
    let turn = app.hashing.turn().await?;
    let looked_up = async {
        let hash = sqlx::query_scalar!(
            r#"select password_hash as "hash!" from identity.secrets($1, $2)"#,
            session.org.as_uuid(),
            session.user.as_uuid()
        )
        .fetch_all(&app.reads)
        .await?;
        Ok((Attempt::at_password(app, guessed).await?, hash))
    };
    let (attempt, hash) = turn.within(looked_up).await?;
    if turn.verify(password, hash).await? != [true] {
        attempt.was_wrong();
        return Err(invalid("Invalid credentials"));
    }
    attempt.succeeded().await
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

/// The token that a page of ours repeats in `X-CSRF-Token` with every change it asks for
#[utoipa::path(
    get,
    path = "/v1/admin/csrf",
    tag = "session",
    responses((status = 200, description = "The token; also set as a cookie that no script can read", content_type = "application/json", example = json!({ "csrf_token": "Hx2Zb9…" })))
)]
async fn csrf(State(app): State<AppState>, headers: HeaderMap) -> Result<Answer, Problem> {
    let token = given::page_token(&headers);
    let cookie = cookies::set((cookies::CSRF, &token), None, app.staff.secure_cookies);
    Ok(Answer::json(&json!({ "csrf_token": token }))?.with(cookie))
}
