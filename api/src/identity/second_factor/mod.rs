//! A second factor: enrolled, shown for the first time, given up.

mod code;

use axum::extract::State;
use commands::Beside;
use domain::identity::staff::{Staff, StaffCommand};
use domain::input;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(crate) use self::code::show;
use super::attempts::Attempt;
use super::sessions::hex;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::{Code, Problem};
use crate::rate::Rate;
use crate::route::{Key, Routes, owner, signed_in};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(enroll), signed_in().action("auth.mfa_enroll").key(Key::Ignored))
        .add(
            routes!(verify_second_factor),
            signed_in().action("auth.mfa_enable").key(Key::Ignored).rate(Rate::SignIn),
        )
        .add(
            routes!(disable),
            owner().action("auth.mfa_disable").key(Key::Ignored).rate(Rate::SignIn),
        )
}

/// Make a secret for an app that shows codes; it counts once a code was shown
#[utoipa::path(
    post,
    path = "/v1/auth/2fa/enroll",
    tag = "session",
    responses(
        (status = 200, description = "The secret, to type or to scan; told this once", content_type = "application/json", example = json!({
            "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "otpauth_uri": "otpauth://totp/Cleaning:dana%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Cleaning"
        })),
        (status = 409, description = "`mfa_enabled`: one is in use already")
    )
)]
async fn enroll(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let session = caller.session()?;
    let secret = code::new_secret();
    let told = code::enrolment(&secret, &session.email);
    let told = told.ok_or_else(|| Problem::new(Code::Internal))?;
    let proposed = sqlx::query_scalar!(
        r#"select identity.propose_totp($1, $2) as "proposed!""#,
        session.user.as_uuid(),
        code::seal(&app, session.user, &secret)?
    )
    .fetch_one(&app.reads)
    .await?;
    if !proposed {
        return Err(Problem::new(Code::MfaEnabled));
    }
    Answer::json(&json!({ "secret": told.secret, "otpauth_uri": told.uri }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyBody {
    /// Six digits that the app shows now.
    #[schema(value_type = String)]
    code: SecretString,
}

/// Show the first code; from now on every login needs one, and all sessions end
#[utoipa::path(
    post,
    path = "/v1/auth/2fa/verify",
    tag = "session",
    request_body = VerifyBody,
    responses(
        (status = 200, description = "Ten recovery codes, each for one use, told this once", content_type = "application/json", example = json!({
            "status": "enabled", "recovery_codes": ["ABCDE-FGHJK"]
        })),
        (status = 400, description = "`mfa_not_enrolled`"),
        (status = 401, description = "`mfa_required`: not a code of now, or used before"),
        (status = 409, description = "`mfa_enabled`: one is in use already")
    )
)]
async fn verify_second_factor(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let session = caller.session()?;
    let VerifyBody { code } = request.body()?;
    let stored = code::stored(&app, session.org, session.user).await?;
    if stored.is_enabled {
        return Err(Problem::new(Code::MfaEnabled));
    }
    let sealed = stored.sealed.ok_or_else(|| Problem::new(Code::MfaNotEnrolled))?;
    let attempt = Attempt::at_code(&app, session.user).await?;
    let shown = code.expose_secret().trim();
    if !code::use_code(&app, session.user, &sealed, shown).await? {
        attempt.was_wrong();
        return Err(code::wrong());
    }
    attempt.succeeded().await?;

    let codes = code::recovery_codes();
    let hashes: Vec<_> = codes.iter().map(|code| hex(&code::recovery_hash(code))).collect();
    let mut context = request.context(&caller);
    let enable = json!({ "do": "enable_totp", "user_id": session.user, "recovery_hashes": hashes });
    context.beside.push(Beside(enable));
    let command = StaffCommand::EnableTotp { user_id: session.user };
    let staff = session.org.to_string();
    app.bus.execute::<Staff>(&context, &staff, command, |_| Value::Null).await?;
    Answer::json(&json!({ "status": "enabled", "recovery_codes": codes }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DisableBody {
    /// Six digits that the app shows now, or a recovery code.
    #[schema(value_type = String)]
    code: SecretString,
    /// Up to 500 characters; names nobody.
    reason: Option<String>,
}

/// Give up one's second factor; all sessions end
#[utoipa::path(
    post,
    path = "/v1/auth/2fa/disable",
    tag = "session",
    request_body = DisableBody,
    responses(
        (status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "disabled", "reason": "new phone" })),
        (status = 401, description = "`mfa_required`: not a code of now, or used before")
    )
)]
async fn disable(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let session = caller.session()?;
    let DisableBody { code, reason } = request.body()?;
    let reason = reason.map(|reason| input::text("reason", &reason, 0..=500)).transpose()?;
    let reason = reason.filter(|reason| !reason.is_empty());
    show(&app, session.org, session.user, &code).await?;
    let command =
        StaffCommand::DisableTotp { user_id: session.user, reason: reason.clone(), by: None };
    let staff = session.org.to_string();
    let context = request.context(&caller);
    app.bus.execute::<Staff>(&context, &staff, command, |_| Value::Null).await?;
    Answer::json(&json!({ "status": "disabled", "reason": reason }))
}
