//! Whom a visit is for: found, or taken down when they ask for the first time.

use commands::{CommandError, Context};
use domain::customers::client::{Client, ClientCommand, ClientError, Contact};
use domain::id::{ClientId, OrgId};
use serde_json::Value;

use crate::problem::Problem;
use crate::state::App;

/// The client with that contact: the one who signs in with its address, else a new one.
///
/// `None` if the address is that of a client who was archived: staff look at those by hand.
pub(super) async fn found_or_registered(
    app: &App,
    context: &Context,
    contact: Contact,
    id: ClientId,
) -> Result<Option<ClientId>, Problem> {
    let email = contact.email.clone();
    if let Some(client) = app.bus.client_of(context.org, &email).await? {
        return Ok(Some(client));
    }
    let mut register = context.clone();
    // The visit is what was asked for; taking somebody down is a step of its own on the way.
    register.request = commands::RequestKey::fresh();
    register.action = Some("client.create".to_owned());
    register.expected_version = None;
    let command = ClientCommand::Register { client_id: id, contact, now: app.now() };
    let done = app.bus.create(&register, &id.to_string(), command, |_: &Client| Value::Null).await;
    match done {
        Ok(_) | Err(CommandError::Refused(ClientError::AlreadyRegistered)) => Ok(Some(id)),
        // Of two who come with the same address at once, the second finds the first.
        Err(CommandError::RolledBack { code }) if code == "23505" => {
            Ok(app.bus.client_of(context.org, &email).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// A client, and whether they are blocked.
pub(super) async fn known(
    app: &App,
    org: OrgId,
    id: ClientId,
) -> Result<(ClientId, bool), Problem> {
    let found = app.bus.load::<Client>(org, &id.to_string()).await?;
    let client = found.state.details().filter(|client| client.contact.open().is_some());
    let client = client.ok_or_else(|| Problem::refused(&ClientError::NotFound))?;
    Ok((id, client.blocked.is_some()))
}
