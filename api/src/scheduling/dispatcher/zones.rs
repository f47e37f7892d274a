//! The parts of town by which visits are grouped.

use axum::extract::State;
use domain::id::OrgId;
use domain::scheduling::dispatch::zones::{Zone, Zones, ZonesCommand};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::desk;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let settings = staff(&[domain::access::Permission::SettingsManage])
        .feature(domain::settings::feature::Feature::Schedule);
    Routes::default()
        .add(routes!(list_zones), desk())
        .add(routes!(replace_zones), settings.action("dispatch_zones.update"))
}

/// Those that hold in an organisation.
pub(super) async fn of(app: &App, org: OrgId) -> Result<Vec<Zone>, Problem> {
    Ok(app.bus.load::<Zones>(org, &org.to_string()).await?.state.all())
}

fn shown(zones: &Zones) -> Value {
    let line = |zone: &Zone| {
        let [south, north, west, east] = zone.degrees();
        json!({ "name": zone.name, "south": south, "north": north, "west": west, "east": east })
    };
    json!({ "zones": zones.all().iter().map(line).collect::<Vec<_>>() })
}

/// The parts of town; the first whose box holds a visit names it
#[utoipa::path(
    get,
    path = "/v1/admin/dispatcher/zones",
    tag = "dispatch",
    responses((status = 200, description = "In the order in which they are tried; `ETag` is their version", content_type = "application/json"))
)]
async fn list_zones(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let org = caller.org();
    let found = app.bus.load::<Zones>(org, &org.to_string()).await?;
    Ok(Answer::json(&shown(&found.state))?.version(found.version))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "zones": [{ "name": "Downtown", "south": 53.53, "north": 53.57, "west": -113.53, "east": -113.47 }] })))]
struct ZonesBody {
    /// At most 50, each with a name of its own; none at all leaves every visit without.
    #[schema(value_type = Vec<Object>)]
    zones: Vec<ZoneBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ZoneBody {
    name: String,
    south: f64,
    north: f64,
    west: f64,
    east: f64,
}

/// Put other parts of town in the place of all there are
#[utoipa::path(
    put,
    path = "/v1/admin/dispatcher/zones",
    tag = "dispatch",
    request_body = ZonesBody,
    responses((status = 200, description = "As they are now", content_type = "application/json"))
)]
async fn replace_zones(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let ZonesBody { zones } = request.body()?;
    let mut read = Vec::with_capacity(zones.len());
    for (n, zone) in zones.iter().enumerate() {
        let edges = [zone.south, zone.north, zone.west, zone.east];
        let zone = Zone::of_degrees(&zone.name, edges);
        read.push(zone.ok_or_else(|| {
            Problem::field(&format!("zones.{n}"), "Input should be a box on the map")
        })?);
    }
    let context = request.context(&caller);
    let command = ZonesCommand::Replace { zones: read, now: app.now() };
    let id = context.org.to_string();
    Ok(Answer::done(&app.bus.execute(&context, &id, command, shown).await?))
}
