//! Who a client is by now: somebody who was merged is whoever stayed.

use commands::{CommandBus, LoadError};
use domain::customers::client::{Client, ClientError, Details};
use domain::id::{ClientId, OrgId};

use crate::problem::Problem;
use crate::state::App;

/// Longer chains of merges are none: each merge turns those before it into one.
const CHAIN: usize = 16;

/// The client under `id`, or whoever they were merged into; `None` if nobody was ever registered so.
pub(crate) async fn survivor(
    bus: &CommandBus,
    org: OrgId,
    id: ClientId,
) -> Result<Option<Details>, LoadError> {
    let mut id = id;
    let mut found = None;
    for _ in 0..CHAIN {
        let loaded = bus.load::<Client>(org, &id.to_string()).await?;
        let Some(details) = loaded.state.details() else { return Ok(found) };
        let next = details.merged_into;
        found = Some(details.clone());
        match next {
            Some(into) => id = into,
            None => return Ok(found),
        }
    }
    Ok(found)
}

/// As [`survivor`], for whom something is to be done: they are registered, and not forgotten.
pub(crate) async fn known(app: &App, org: OrgId, id: ClientId) -> Result<Details, Problem> {
    let found = survivor(&app.bus, org, id).await?;
    found.filter(Details::is_known).ok_or_else(|| Problem::refused(&ClientError::NotFound))
}

/// Whether what belongs to `whose` is `client`'s: it is theirs, or that of somebody who was merged into them.
pub(crate) async fn is_of(
    app: &App,
    org: OrgId,
    whose: Option<ClientId>,
    client: ClientId,
) -> Result<bool, LoadError> {
    match whose {
        None => Ok(false),
        Some(whose) if whose == client => Ok(true),
        Some(whose) => {
            let found = survivor(&app.bus, org, whose).await?;
            Ok(found.is_some_and(|found| found.client_id == client))
        }
    }
}
