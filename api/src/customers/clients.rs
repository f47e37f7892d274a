//! Clients: registered, found, changed, blocked, archived.

use axum::extract::State;
use commands::{CommandError, Context, Done};
use domain::access::Permission;
use domain::customers::client::{Changes, Client, ClientCommand, ClientError, Contact, Details};
use domain::id::ClientId;
use domain::personal::PLACEHOLDER;
use projections::customers::client_list::{self, ClientList, Filter, PAGE, Row};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

const READ: &[Permission] = &[Permission::ContactsView];
const CHANGE: &[Permission] = &[Permission::ContactsEdit];

pub(super) fn routes() -> Routes {
    let change = staff(CHANGE);
    Routes::default()
        .add(routes!(list_clients), staff(READ))
        .add(routes!(register_client), change.action("client.create"))
        .add(routes!(client), staff(READ))
        .add(routes!(change_client), change.action("client.update"))
        .add(routes!(block_client), change.action("client.block"))
        .add(routes!(unblock_client), change.action("client.unblock"))
        .add(routes!(archive_client), change.action("client.archive"))
        .add(routes!(unarchive_client), change.action("client.unarchive"))
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Show {
    #[default]
    Active,
    Archived,
    All,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of name, e-mail, phone or id, in any case.
    q: Option<String>,
    /// `active` (the default), `archived` or `all`.
    #[param(value_type = Option<String>)]
    show: Option<Show>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

impl ListQuery {
    fn filter(&self) -> Filter {
        let query = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let archived = match self.show.unwrap_or_default() {
            Show::Active => Some(false),
            Show::Archived => Some(true),
            Show::All => None,
        };
        Filter { query: query.map(str::to_owned), archived }
    }
}

/// Clients, newest first
#[utoipa::path(
    get,
    path = "/v1/admin/clients",
    tag = "people",
    params(ListQuery),
    responses((status = 200, description = "One page", content_type = "application/json", example = json!({
        "items": [{ "client_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Sam Sample", "is_active": true, "is_blocked": false }],
        "next_cursor": null
    })))
)]
async fn list_clients(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (limit, after) = (limit(asked.limit, PAGE)?, cursor::asked(asked.cursor.as_deref())?);
    let reached = fresh.reach(&app, caller.org(), &[ClientList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let rows = client_list::page(&mut tx, caller.org(), &asked.filter(), after, limit).await?;
    let last = cursor::last_of_full(&rows, limit);
    let next = last.map(|row| cursor::shown(row.registered_at, row.client_id));
    let items: Vec<Value> = rows.iter().map(line).collect();
    Ok(reached.mark(Answer::json(&json!({ "items": items, "next_cursor": next }))?))
}

fn line(row: &Row) -> Value {
    let mut line = json!(row);
    line["is_active"] = row.archived_at.is_none().into();
    line
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Sam Sample", "email": "sam@example.org" })))]
struct NewClient {
    /// 1 to 120 characters.
    name: String,
    /// What they sign in with; nobody else's in the organisation.
    email: String,
    phone: Option<String>,
}

/// Register a client
#[utoipa::path(
    post,
    path = "/v1/admin/clients",
    tag = "people",
    request_body = NewClient,
    responses(
        (status = 201, description = "The client", content_type = "application/json"),
        (status = 409, description = "`client.email_taken`")
    )
)]
async fn register_client(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewClient { name, email, phone } = request.body()?;
    let contact = Contact::parse(&name, &email, phone.as_deref())?;
    let context = request.context(&caller);
    // The same for a repetition, which must be told of the same client.
    let client_id = ClientId::from(context.request.derived_id("client"));
    let command = ClientCommand::Register { client_id, contact, now: app.now() };
    let done = change(&app, &context, client_id, command).await?;
    Ok(Answer::done(&done).created())
}

/// One client
#[utoipa::path(
    get,
    path = "/v1/admin/clients/{client_id}",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses((status = 200, description = "The client; `ETag` is its version", content_type = "application/json"))
)]
async fn client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
) -> Result<Answer, Problem> {
    let found = app.bus.load::<Client>(caller.org(), &id.to_string()).await?;
    let details = found.state.details();
    let details = details.ok_or_else(|| Problem::refused(&ClientError::NotFound))?;
    let answer = Answer::json(&shown(details))?;
    // Erasing a person changes what is shown but not the version.
    let readable = details.contact.open().is_some();
    Ok(if readable { answer.version(found.version) } else { answer })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "phone": "780-555-0199" })))]
struct ChangedClient {
    name: Option<String>,
    /// Another address voids the links that were sent to the old one.
    email: Option<String>,
    /// Empty removes it.
    phone: Option<String>,
}

/// Change how a client is reached; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/clients/{client_id}",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    request_body = ChangedClient,
    responses(
        (status = 200, description = "The client", content_type = "application/json"),
        (status = 400, description = "`client.nothing_supplied`"),
        (status = 409, description = "`client.email_taken`")
    )
)]
async fn change_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let ChangedClient { name, email, phone } = request.body()?;
    let changes = Changes::parse(name.as_deref(), email.as_deref(), phone.as_deref())?;
    let command = ClientCommand::ChangeContact { changes, now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "reason": "Never at home" })))]
struct BlockBody {
    /// 1 to 500 characters.
    reason: String,
}

/// Take no more bookings of a client
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/block",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    request_body = BlockBody,
    responses((status = 200, description = "The client", content_type = "application/json"))
)]
async fn block_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let BlockBody { reason } = request.body()?;
    let command = ClientCommand::Block { reason, now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

/// Take the bookings of a client again
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/unblock",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses((status = 200, description = "The client", content_type = "application/json"))
)]
async fn unblock_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = ClientCommand::Unblock { now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

/// Leave a client out of lists and of the portal, and end every session of theirs
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/archive",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses((status = 200, description = "The client", content_type = "application/json"))
)]
async fn archive_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = ClientCommand::Archive { now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

/// Bring a client back
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/unarchive",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses((status = 200, description = "The client", content_type = "application/json"))
)]
async fn unarchive_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = ClientCommand::Restore { now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

/// Carries out a command on a client; the answer is the client.
async fn change(
    app: &App,
    context: &Context,
    id: ClientId,
    command: ClientCommand,
) -> Result<Done, Problem> {
    let answer = |client: &Client| client.details().map_or(Value::Null, shown);
    let done = match command {
        register @ ClientCommand::Register { .. } => {
            app.bus.create(context, &id.to_string(), register, answer).await
        }
        other => app.bus.execute(context, &id.to_string(), other, answer).await,
    };
    done.map_err(|error| match error {
        // Of what stands beside the events of a client, only the address is unique.
        CommandError::RolledBack { code } if code == "23505" => {
            Problem::refused(&ClientError::EmailTaken)
        }
        other => other.into(),
    })
}

fn shown(client: &Details) -> Value {
    let contact = client.contact.open();
    let blocked = client.blocked.as_ref();
    json!({
        "client_id": client.client_id,
        "name": contact.map_or(PLACEHOLDER, |contact| &contact.name),
        "email": contact.map_or(PLACEHOLDER, |contact| &contact.email),
        "phone": contact.and_then(|contact| contact.phone.as_deref()),
        "is_active": client.archived_at.is_none(),
        "is_blocked": blocked.is_some(),
        "block_reason": blocked.map(|reason| reason.open().map_or(PLACEHOLDER, String::as_str)),
        "registered_at": client.registered_at,
        "archived_at": client.archived_at,
    })
}
