//! The portal of clients: asking for a link, coming in by it, who one is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, header};
use commands::{CommandError, Context};
use domain::customers::client::{Client, ClientError};
use domain::id::ClientId;
use domain::input;
use domain::personal::PLACEHOLDER;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::sessions::hash;
use super::caller::{Portal, PortalCaller};
use super::link::{LinkError, Wanted};
use super::sessions;
use crate::answer::Answer;
use crate::caller::Means;
use crate::command::CommandRequest;
use crate::cookies;
use crate::organisation::{Organisation, Public};
use crate::problem::{Code, Problem};
use crate::rate::{Bucket, Rate, Subject};
use crate::request::This;
use crate::route::{Key, Routes, client, public};
use crate::state::{App, AppState};

/// Links that may be on their way to one client: more is somebody filling their mailbox.
const LINKS: i64 = 3;

/// Requests for links that may wait to be looked at.
const WAITING: usize = 256;

pub(super) fn routes() -> Routes {
    let ask = public().action("portal.link_request").key(Key::Ignored).rate(Rate::SignIn);
    let come_in = public().action("portal.login").key(Key::Ignored).rate(Rate::SignIn);
    Routes::default()
        .add(routes!(request_client_link), ask)
        .add(routes!(redeem_client_link), come_in)
        .add(routes!(client_me), client())
        .add(routes!(client_org_context), client())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "email": "sam@example.org" })))]
struct LinkBody {
    email: String,
}

/// Have a link sent that lets one in
///
/// The answer is the same, and as fast, whether or not a client has this address: it is looked up after the answer.
#[utoipa::path(
    post,
    path = "/client/login/request",
    tag = "portal",
    request_body = LinkBody,
    responses((status = 200, description = "A link is on its way, if somebody has this address", content_type = "application/json", example = json!({ "status": "ok" })))
)]
async fn request_client_link(
    State(app): State<AppState>,
    This(info): This,
    Public(org): Public,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let LinkBody { email } = request.body()?;
    let email = input::address(&email)
        .ok_or_else(|| Problem::field("email", "Input should be an e-mail address"))?;
    let asking = format!("client {} {email} {}", org.id, info.address());
    app.rate.charge(&info, Bucket::Account, Subject::of_account(&asking), app.now()).await?;
    if app.background.len() >= WAITING {
        return Err(Problem::retry(Code::Overloaded, 1));
    }
    let portal = portal(&app, &headers, &org).await?;
    let (context, state) = (request.public_context(org.id), Arc::clone(&app));
    app.background.spawn(async move {
        if let Err(error) = send(&state, context, &email, portal).await {
            // Says nothing of the address.
            tracing::warn!(%error, "a link that was asked for was not made");
        }
    });
    Answer::json(&json!({ "status": "ok" }))
}

/// Where links lead. A host that anybody may name is believed only if an organisation has registered it.
pub(crate) async fn portal(
    app: &App,
    headers: &HeaderMap,
    org: &Organisation,
) -> Result<Option<String>, Problem> {
    if let Some(address) = &app.portal.address {
        return Ok(Some(address.trim_end_matches('/').to_owned()));
    }
    let registered = app.organisations.of_host(&app.reads, headers).await?;
    let is_theirs = registered.is_some_and(|registered| registered.id == org.id);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let scheme = if app.staff.secure_cookies { "https" } else { "http" };
    Ok(host.filter(|_| is_theirs).map(|host| format!("{scheme}://{host}")))
}

/// Makes a link for whoever has this address; nothing comes of it where nobody has.
async fn send(
    app: &App,
    context: Context,
    email: &str,
    portal: Option<String>,
) -> Result<(), LinkError> {
    let found = sqlx::query!(
        r#"select client_id as "client_id!", links as "links!" from portal.find_client($1, $2, $3)"#,
        context.org.as_uuid(),
        email,
        app.now()
    )
    .fetch_optional(&app.reads)
    .await?;
    let Some(found) = found.filter(|found| found.links < LINKS) else { return Ok(()) };
    let Some(portal) = portal else {
        tracing::warn!(
            "nobody knows where links into the portal of clients lead: set CLIENT_PORTAL_BASE_URL"
        );
        return Ok(());
    };
    let wanted = Wanted {
        session: Uuid::now_v7().into(),
        client: found.client_id.into(),
        portal,
        now: app.now(),
        life: app.portal.link,
    };
    app.links.issue(context, wanted).await?;
    Ok(())
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Client(refusal) => Self::refused(&refusal),
            LinkError::Erased => Self::new(Code::SubjectErased),
            LinkError::Load(error) => error.into(),
            LinkError::Command(error) => error.into(),
            LinkError::Database(error) => error.into(),
            LinkError::Seal(_) => Self::internal(&error),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallbackBody {
    /// What stood in the link.
    #[schema(value_type = String)]
    token: SecretString,
    /// For browsers: the token of the session comes as a cookie that no script can read, instead of in the body.
    #[serde(default)]
    cookies: bool,
}

/// Come in by a link, once
///
/// Not by a mere visit: whatever opens the links in a mail before its reader does would use them up.
#[utoipa::path(
    post,
    path = "/client/login/callback",
    tag = "portal",
    request_body = CallbackBody,
    responses(
        (status = 200, description = "A token for a week from its last use", content_type = "application/json"),
        (status = 401, description = "The link was used before, is too old, or was taken back"),
        (status = 403, description = "`cross_site`: cookies are given to pages of our own only")
    )
)]
async fn redeem_client_link(
    State(app): State<AppState>,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let CallbackBody { token, cookies } = request.body()?;
    if cookies {
        cookies::check(&Method::POST, &headers, Means::Basic)?;
    }
    let found = sqlx::query!(
        r#"select org_id as "org_id!", session_id as "session_id!", client_id as "client_id!"
           from portal.find_link($1)"#,
        hash(token.expose_secret())
    )
    .fetch_optional(&app.reads)
    .await?
    .ok_or_else(no_good)?;
    let client = ClientId::from(found.client_id);
    let context = request.context_of(found.org_id.into(), Portal::Client.actor(found.client_id));
    let begun = sessions::redeem(&app, context, found.session_id.into(), client).await;
    let begun = begun.map_err(|error| match error {
        CommandError::Refused(_) => no_good(),
        other => other.into(),
    })?;
    begun.answer(&app, &headers, cookies, json!({ "client_id": client }))
}

/// The wire text is the one clients already know.
fn no_good() -> Problem {
    metrics::counter!("auth_failures_total", "scheme" => "client", "reason" => "invalid_link")
        .increment(1);
    Problem::unauthenticated_bearer("Invalid or expired token")
}

/// Who this client is
#[utoipa::path(
    get,
    path = "/client/me",
    tag = "portal",
    responses((status = 200, description = "The client, and the organisation that cleans for them; in a browser also what its pages repeat in `X-CSRF-Token`", content_type = "application/json"))
)]
async fn client_me(
    State(app): State<AppState>,
    headers: HeaderMap,
    caller: PortalCaller,
    means: Means,
) -> Result<Answer, Problem> {
    let found = app.bus.load::<Client>(caller.org, &caller.holder.to_string()).await?;
    let client = found.state.details().ok_or_else(|| Problem::refused(&ClientError::NotFound))?;
    let organisation = app.organisations.registered(&app.reads, caller.org).await?;
    let contact = client.contact.open();
    let mut body = json!({
        "client_id": client.client_id, "org_id": caller.org, "organisation": organisation.name,
        "name": contact.map_or(PLACEHOLDER, |contact| &contact.name),
        "email": contact.map_or(PLACEHOLDER, |contact| &contact.email),
        "phone": contact.and_then(|contact| contact.phone.as_deref()),
        "expires_at": caller.expires_at,
    });
    match means {
        Means::Cookie => sessions::remind(&app, &headers, caller.portal, &mut body),
        Means::Basic | Means::Bearer => Answer::json(&body),
    }
}

/// The organisation that cleans for this client
#[utoipa::path(
    get,
    path = "/client/org-context",
    tag = "portal",
    responses((status = 200, description = "Its id", content_type = "application/json"))
)]
async fn client_org_context(caller: PortalCaller) -> Result<Answer, Problem> {
    Answer::json(&json!({ "org_id": caller.org }))
}
