//! How long the way takes from one place to another.

use axum::extract::State;
use chrono::Datelike;
use domain::scheduling::dispatch::point::Point;
use domain::scheduling::dispatch::{route, zones};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::instants;
use super::{desk, zones as parts};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    // It changes nothing; asking is noted all the same.
    Routes::default().add(routes!(estimate_route), desk().action("dispatch.estimate"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "origin": { "lat": 53.54, "lng": -113.49 }, "dest": { "lat": 53.46, "lng": -113.5 } })))]
struct RouteBody {
    origin: PlaceBody,
    dest: PlaceBody,
    /// With an offset, or on the clock of the organisation; now if left out.
    depart_at: Option<String>,
    /// Only `driving`.
    mode: Option<String>,
}

/// A place on the map, in degrees.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceBody {
    lat: f64,
    lng: f64,
}

impl PlaceBody {
    pub(super) fn point(self, field: &str) -> Result<Point, Problem> {
        let point = Point::of_degrees(self.lat, self.lng);
        point.ok_or_else(|| Problem::field(field, "Input should be a place on the map"))
    }
}

/// Estimate how long the way takes
#[utoipa::path(
    post,
    path = "/v1/admin/dispatcher/routes/estimate",
    tag = "dispatch",
    request_body = RouteBody,
    responses((status = 200, description = "As the crow flies at the pace of a town; slower in winter and downtown by what the policies say. `duration_in_traffic_min` is null: nobody here knows the traffic", content_type = "application/json", example = json!({
        "distance_km": 8.9, "duration_min": 16, "duration_in_traffic_min": null, "provider": "heuristic", "cached": false,
        "base_duration_min": 16, "adjustments": []
    })))
)]
async fn estimate_route(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let asked: RouteBody = request.body()?;
    if asked.mode.as_deref().is_some_and(|mode| mode != "driving") {
        return Err(Problem::field("mode", "Input should be driving"));
    }
    let (from, to) = (asked.origin.point("origin")?, asked.dest.point("dest")?);
    let org = caller.org();
    let zone = app.settings.of(&app, org).await?.zone;
    let departs = match &asked.depart_at {
        Some(text) => instants::read("depart_at", text, zone)?,
        None => app.now(),
    };
    let zones = parts::of(&app, org).await?;
    let is_downtown = zones::is_downtown(&zones, from) || zones::is_downtown(&zones, to);
    let month = departs.with_timezone(&zone).month();
    let holds = app.prices.of(&app, org).await?;
    let way = route::estimate((from, to), month, is_downtown, &holds.book.policies.ways);
    Answer::json(&json!({
        // In tenths of a kilometre; shown only.
        "distance_km": f64::from((way.metres + 50) / 100) / 10.0,
        "duration_min": way.minutes,
        "duration_in_traffic_min": null,
        "provider": "heuristic",
        "cached": false,
        "base_duration_min": way.base_minutes,
        "adjustments": way.adjustments,
    }))
}
