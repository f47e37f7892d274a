//! Which visits stand in the way of time off, as answers tell it.

use std::collections::HashMap;

use domain::id::OrgId;
use domain::scheduling::booking::{Booking, Details};
use domain::scheduling::time_off::{Scope, Terms};
use domain::scheduling::window::Window;
use projections::scheduling::booking_list::{self, Clash, Clashes};
use projections::tenant;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::problem::Problem;
use crate::state::App;

/// Told of each; whoever has more of them opens the calendar.
const FIRST: u8 = 20;

/// Beside what an answer tells of a block.
fn tell(line: &mut Value, clashes: Option<&Clashes>) {
    line["clashes"] = json!(clashes.map_or(&[][..], |own| own.first.as_slice()));
    line["clashes_total"] = clashes.map_or(0, |own| own.total).into();
}

/// Adds to each line what stands in the way of its block.
pub(super) async fn beside(
    app: &App,
    org: OrgId,
    blocks: &[(Uuid, &Terms)],
    lines: &mut [Value],
) -> Result<(), Problem> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found: HashMap<Uuid, Clashes> =
        booking_list::clashes(&mut tx, org, blocks, FIRST.into()).await?;
    for ((id, _), line) in blocks.iter().zip(lines) {
        tell(line, found.get(id));
    }
    Ok(())
}

/// Visits that are looked at for one answer.
const LOOKED_AT: i64 = 100;

/// As [`beside`], of a block that was just written: asks the log, which knows of every visit that was promised before. What
/// was written stands, so that no failure may be told instead: then both are null.
pub(super) async fn after(app: &App, org: OrgId, terms: &Terms, line: &mut Value) {
    match promised(app, org, terms).await {
        Ok(clashes) => tell(line, Some(&clashes)),
        Err(problem) => {
            tracing::warn!(code = problem.code(), "visits in the way of time off were not told");
            (line["clashes"], line["clashes_total"]) = (Value::Null, Value::Null);
        }
    }
}

async fn promised(app: &App, org: OrgId, terms: &Terms) -> Result<Clashes, Problem> {
    let whose = match terms.scope {
        Scope::Org => None,
        Scope::Team(team) => Some(team.as_uuid()),
        Scope::Worker(worker) => Some(worker.as_uuid()),
    };
    let span = (terms.window.starts_at, terms.window.ends_at);
    let (ids, total) = app.bus.holding(org, whose, span, LOOKED_AT).await?;
    let mut clashes = Clashes { first: Vec::new(), total };
    for id in ids {
        let found = app.bus.load::<Booking>(org, &id).await?;
        let clash = found.state.details().and_then(|visit| clash(visit, terms.window));
        match clash {
            Some(clash) if clashes.first.len() < FIRST.into() => clashes.first.push(clash),
            Some(_) => {}
            None => clashes.total -= 1,
        }
    }
    Ok(clashes)
}

/// A visit that is still to be made; the time that is kept free after it is nobody's.
fn clash(visit: &Details, window: Window) -> Option<Clash> {
    let placement = &visit.placement;
    (visit.status.takes_time() && placement.window.overlaps(window)).then(|| Clash {
        booking_id: visit.requested.booking_id.as_uuid(),
        starts_at: placement.window.starts_at,
        ends_at: placement.window.ends_at,
        status: <&str>::from(visit.status).to_owned(),
        team_id: placement.team.as_uuid(),
        crew: placement.crew.iter().map(|worker| worker.as_uuid()).collect(),
    })
}
