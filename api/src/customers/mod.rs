//! The people whose homes are cleaned.

mod addresses;
mod clients;
mod list;
mod merge;
mod record;
pub(crate) mod survivor;
pub(crate) mod words;

use commands::{CommandError, Context, Done};
use domain::access::Permission;
use domain::customers::client::address::Spot;
use domain::customers::client::{Client, ClientCommand, ClientError, Details, KnownAddress};
use domain::id::ClientId;
use domain::personal::PLACEHOLDER;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::route::Routes;
use crate::state::App;

const READ: &[Permission] = &[Permission::ContactsView];
const CHANGE: &[Permission] = &[Permission::ContactsEdit];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(list::routes())
        .merge(record::routes())
        .merge(clients::routes())
        .merge(addresses::routes())
        .merge(words::routes())
        .merge(merge::routes())
}

/// Carries out a command on a client; the answer is the client.
async fn change(
    app: &App,
    context: &Context,
    id: ClientId,
    command: ClientCommand,
) -> Result<Done, Problem> {
    changed(app, context, id, command, |client| client.details().map_or(Value::Null, shown)).await
}

/// As [`change`], with an answer of its own.
async fn changed(
    app: &App,
    context: &Context,
    id: ClientId,
    command: ClientCommand,
    answer: impl Fn(&Client) -> Value + Send,
) -> Result<Done, Problem> {
    let done = match command {
        register @ ClientCommand::Register { .. } => {
            app.bus.create(context, &id.to_string(), register, answer).await
        }
        other => app.bus.execute(context, &id.to_string(), other, answer).await,
    };
    done.map_err(refused)
}

/// Of what stands beside the events of a client, only the address is unique, and only merges look at somebody else.
fn refused(error: CommandError<ClientError>) -> Problem {
    match error {
        CommandError::RolledBack { code } if code == "23505" => {
            Problem::refused(&ClientError::EmailTaken)
        }
        CommandError::RolledBack { code } if code == "CM409" => {
            Problem::refused(&ClientError::SurvivorMerged)
        }
        // The only value that a client has to themselves is a word about a visit.
        CommandError::ClaimTaken { .. } => Problem::refused(&ClientError::FeedbackExists),
        other => other.into(),
    }
}

fn shown(client: &Details) -> Value {
    let contact = client.contact.open();
    let blocked = client.blocked.as_ref();
    json!({
        "client_id": client.client_id,
        "name": contact.map_or(PLACEHOLDER, |contact| &contact.name),
        "email": contact.map_or(PLACEHOLDER, |contact| &contact.email),
        "phone": contact.and_then(|contact| contact.phone.as_deref()),
        "tags": client.tags(),
        "addresses": client.addresses.iter().map(address).collect::<Vec<_>>(),
        "is_active": client.archived_at.is_none() && client.merged_into.is_none(),
        "is_blocked": blocked.is_some(),
        "block_reason": blocked.map(|reason| reason.open().map_or(PLACEHOLDER, String::as_str)),
        "registered_at": client.registered_at,
        "archived_at": client.archived_at,
        "merged_into": client.merged_into,
        "merged": client.absorbed,
    })
}

fn address(known: &KnownAddress) -> Value {
    let address = known.address.open();
    let spot = address.and_then(|address| address.spot).map(Spot::degrees);
    json!({
        "address_id": known.address_id,
        "label": address.map_or(PLACEHOLDER, |address| &address.label),
        "address_text": address.map_or(PLACEHOLDER, |address| &address.text),
        "notes": address.and_then(|address| address.notes.as_deref()),
        "lat": spot.map(|(lat, _)| lat),
        "lng": spot.map(|(_, lng)| lng),
        "is_active": known.archived_at.is_none(),
    })
}
