//! Whom a visit is for: found, or taken down when they ask for the first time.

use commands::{CommandError, Context};
use domain::customers::client::{Client, ClientCommand, ClientError, Contact};
use domain::id::{ClientId, OrgId};
use domain::sales::lead::Details as Lead;
use serde_json::Value;

use crate::customers::survivor;
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

/// A client, or whoever they were merged into, and whether they are blocked.
pub(super) async fn known(
    app: &App,
    org: OrgId,
    id: ClientId,
) -> Result<(ClientId, bool), Problem> {
    let client = survivor::known(app, org, id).await?;
    Ok((client.client_id, client.blocked.is_some()))
}

/// Who asked for an offer, as a client. Without an address nobody could sign in: then there is none.
pub(super) async fn of_lead(
    app: &App,
    context: &Context,
    lead: &Lead,
) -> Result<Option<(ClientId, bool)>, Problem> {
    let contact = lead.submitted.contact.open();
    let contact = contact.and_then(|contact| {
        let email = contact.email.as_deref()?;
        Contact::parse(&contact.name, email, Some(&contact.phone)).ok()
    });
    let Some(contact) = contact else { return Ok(None) };
    // One lead makes one client, however often it asks.
    let id = uuid::Uuid::new_v5(&lead.submitted.lead_id.as_uuid(), b"client").into();
    match found_or_registered(app, context, contact, id).await? {
        Some(client) => known(app, context.org, client).await.map(Some),
        None => Ok(None),
    }
}
