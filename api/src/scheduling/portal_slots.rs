//! `GET /v1/client/slots`: every time between two moments at which somebody could come.

use axum::extract::State;
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::id::TeamId;
use domain::settings::zone as clocks;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use super::{facts, instants, slots};
use crate::answer::Answer;
use crate::extract::Parameters;
use crate::organisation::Public;
use crate::problem::Problem;
use crate::route::{Routes, public};
use crate::state::AppState;

/// Of one request.
const MOST_DAYS: usize = 31;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(client_slots), public())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SlotsQuery {
    /// The first moment: a time with or without an offset, or a day on the clock of the organisation.
    from: String,
    /// The moment before which they start, later by 31 days at most.
    to: String,
    /// 1 to 10080; 120 if left out.
    duration_minutes: Option<u32>,
    /// By which team; any if left out.
    #[param(value_type = Option<String>)]
    team_id: Option<TeamId>,
}

/// All times at which somebody could come
#[utoipa::path(
    get,
    path = "/v1/client/slots",
    tag = "portal",
    params(SlotsQuery),
    responses(
        (status = 200, description = "In order", content_type = "application/json", example = json!({
            "duration_minutes": 120, "slots": ["2030-03-04T16:00:00Z", "2030-03-04T16:30:00Z"]
        })),
        (status = 422, description = "Unusable parameters: `to` is later than `from`")
    )
)]
async fn client_slots(
    State(app): State<AppState>,
    Public(org): Public,
    Parameters(asked): Parameters<SlotsQuery>,
) -> Result<Answer, Problem> {
    let zone = app.settings.of(&app, org.id).await?.zone;
    let from = moment("from", &asked.from, zone)?;
    let to = moment("to", &asked.to, zone)?;
    if to <= from {
        return Err(Problem::field("to", "Input should be later than from"));
    }
    let minutes = asked.duration_minutes.unwrap_or(120);
    let minutes = instants::visit(from, minutes)?.minutes();
    // Nobody comes in the past: those days need not be looked at.
    let days = days(from.max(app.now()), to, zone);
    if days.len() > MOST_DAYS {
        return Err(Problem::field(
            "to",
            format!("Input should be {MOST_DAYS} days later at most"),
        ));
    }
    let teams = match asked.team_id {
        Some(team) => vec![facts::team(&app, org.id, team).await?],
        None => slots::active(&app.reads, org.id).await?,
    };
    let mut free = Vec::new();
    for day in days {
        let starts = slots::free(&app, org.id, &teams, (day, zone, minutes)).await?;
        free.extend(starts.into_iter().filter(|start| (from..to).contains(start)));
    }
    Answer::json(&json!({ "duration_minutes": minutes, "slots": free }))
}

fn moment(field: &str, text: &str, zone: Tz) -> Result<DateTime<Utc>, Problem> {
    match text.parse::<NaiveDate>() {
        // Near enough for a calendar, as every time is.
        Ok(day) => instants::read(field, &format!("{day}T00:00"), zone)
            .map(|_| clocks::start_of(day, zone)),
        Err(_) => instants::read(field, text, zone),
    }
}

/// The days on the clock of `zone` that have a part between `from` and `to`; one more than [`MOST_DAYS`] at most.
fn days(from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> Vec<NaiveDate> {
    let first = from.with_timezone(&zone).date_naive();
    let all = std::iter::successors(Some(first), |day| day.checked_add_days(Days::new(1)));
    all.take_while(|day| clocks::start_of(*day, zone) < to).take(MOST_DAYS + 1).collect()
}

#[cfg(test)]
mod tests {
    use chrono_tz::America::Edmonton;

    use super::*;

    #[test]
    fn a_span_has_every_day_it_touches() {
        let at = |text: &str| moment("from", text, Edmonton).unwrap();
        let days = |from, to| days(at(from), at(to), Edmonton).len();
        assert_eq!(days("2030-03-04", "2030-03-05"), 1);
        assert_eq!(days("2030-03-04T23:00", "2030-03-05T00:01"), 2);
        assert_eq!(days("2030-03-04", "2031-03-04"), MOST_DAYS + 1);
        assert_eq!(at("2030-03-04"), at("2030-03-04T07:00:00Z"));
        for bad in ["", "2030-02-30", "9999-01-01"] {
            assert!(moment("from", bad, Edmonton).is_err(), "{bad}");
        }
    }
}
