//! `GET /v1/admin/analytics/funnel`: from the first question to the last word, each step on the day it happened.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::personal::PLACEHOLDER;
use domain::settings::feature::Feature;
use projections::reporting::read::{self, Lead};
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::asked::{Range, RangeQuery};
use super::explain::{Explain, Fact};
use super::report::{Report, Row, figure};
use super::then::Then;
use super::{FINANCE, report};
use crate::caller::Caller;
use crate::dashboard::share;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(funnel), report(FINANCE, Feature::Analytics))
}

/// How often each step was taken.
#[derive(Default)]
struct Steps {
    counts: BTreeMap<&'static str, i64>,
    losses: BTreeMap<String, i64>,
}

impl Steps {
    fn of(&self, step: &str) -> i64 {
        self.counts.get(step).copied().unwrap_or(0)
    }

    fn rates(&self) -> Value {
        let rate = |to: &str, from: &str| share(self.of(to), self.of(from));
        json!({
            "inquiry_to_quote": rate("quotes", "inquiries"),
            "quote_to_booking": rate("bookings_created", "quotes"),
            "booking_to_completion": rate("bookings_completed", "bookings_created"),
            "completion_to_review": rate("reviews", "bookings_completed"),
        })
    }

    /// The most frequent first.
    fn losses(&self) -> Vec<(&String, i64)> {
        let mut losses: Vec<(&String, i64)> =
            self.losses.iter().map(|(reason, count)| (reason, *count)).collect();
        losses.sort_by_key(|(_, count)| -count);
        losses
    }
}

/// Steps, in their order.
const STEPS: [&str; 5] =
    ["inquiries", "quotes", "bookings_created", "bookings_completed", "reviews"];

/// What a step was about, and the event that says so.
struct Step {
    name: &'static str,
    kind: &'static str,
    id: uuid::Uuid,
    at: DateTime<Utc>,
    position: i64,
    row: Value,
}

struct Count<'a> {
    then: &'a Then,
    range: Range,
    steps: Steps,
    explain: &'a mut Explain,
}

impl Count<'_> {
    fn step(&mut self, step: Step) {
        *self.steps.counts.entry(step.name).or_default() += 1;
        if self.explain.is_wanted() {
            let Step { name, kind, id, at, position, row } = step;
            let (id, day) = (id.to_string(), self.then.day(at));
            let fact = Fact { figure: name, value: 1, row, kind, id: &id, day, at, position };
            self.explain.say(&fact);
        }
    }

    fn lead(&mut self, lead: &Lead) {
        let id = lead.lead_id;
        if self.range.holds(lead.submitted_at) {
            let (at, position) = (lead.submitted_at, lead.submitted_position);
            let row = Value::Null;
            self.step(Step { name: "inquiries", kind: "lead", id, at, position, row });
        }
        let lost = lead.lost_at.zip(lead.lost_position).filter(|(at, _)| self.range.holds(*at));
        if let Some((at, position)) = lost {
            let reason = lead.loss_reason.clone().unwrap_or_else(|| PLACEHOLDER.to_owned());
            let row = json!({ "reason": reason });
            *self.steps.losses.entry(reason).or_default() += 1;
            self.step(Step { name: "loss_reasons", kind: "lead", id, at, position, row });
        }
    }
}

fn basis() -> Value {
    json!({
        "inquiries": "requests for an offer, on the day they came",
        "quotes": "offers, each on the day it was sent first",
        "bookings_created": "visits, on the day they were asked for",
        "bookings_completed": "visits, on the day they were completed",
        "reviews": "what customers said of visits, on the day they did",
        "loss_reasons": "requests that were lost, on the day they were, with the reason as it stands",
        "conversion_rates": "one step by the one before it in the same days, 0 where there was none",
    })
}

fn table(steps: &Steps) -> Vec<Row> {
    let counts = STEPS.iter().map(|name| figure(name, steps.of(name)));
    let rates = steps.rates();
    let rates = rates.as_object().into_iter().flatten();
    let rates = rates.map(|(name, rate)| figure(name, rate.clone()));
    let losses = steps.losses();
    let losses = losses.iter().map(|(reason, count)| figure(&format!("lost: {reason}"), *count));
    counts.chain(rates).chain(losses).collect()
}

/// From the request for an offer to what customers say; that it was read is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/analytics/funnel",
    tag = "reports",
    params(RangeQuery),
    responses((status = 200, description = "How often each step was taken on these days", content_type = "application/json", example = json!({
        "from": "2030-03-01", "to": "2030-03-31", "inquiries": 40, "quotes": 30, "bookings_created": 20, "bookings_completed": 18,
        "reviews": 9, "conversion_rates": { "inquiry_to_quote": 0.75, "quote_to_booking": 0.6667, "booking_to_completion": 0.9,
        "completion_to_review": 0.5 }, "loss_reasons": [{ "reason": "Found someone closer", "count": 2 }],
        "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn funnel(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Response, Problem> {
    let (how, mut then, range) = Then::over(&app, &caller, fresh, &asked, &[]).await?;
    let (at, window) = (then.at(), range.window);
    let leads = read::leads(&mut then.db, at, window).await?;
    let offers = read::offers(&mut then.db, at, window).await?;
    let reviews = read::reviews(&mut then.db, at, window).await?;
    let mut visits = Vec::new();
    read::visits(&mut then.db, at, window, |visit| {
        let id = visit.booking_id;
        let made = (visit.requested_at, Some(visit.requested_position));
        let done = visit.completed_at.map(|at| (at, visit.completed_position));
        visits.push(("bookings_created", id, made));
        visits.extend(done.map(|done| ("bookings_completed", id, done)));
    })
    .await?;
    let mut explain = Explain::asked(&how)?;
    let steps = Steps::default();
    let mut count = Count { then: &then, range, steps, explain: &mut explain };
    for lead in &leads {
        count.lead(lead);
    }
    for offer in offers {
        let (id, row) = (offer.quote_id, Value::Null);
        let (at, position) = (offer.at, offer.position);
        count.step(Step { name: "quotes", kind: "quote", id, at, position, row });
    }
    for (name, id, (at, position)) in visits {
        if let Some(position) = position.filter(|_| range.holds(at)) {
            count.step(Step { name, kind: "booking", id, at, position, row: Value::Null });
        }
    }
    for review in reviews {
        let (id, row) = (review.booking_id, json!({ "rating": review.rating }));
        let (at, position) = (review.at, review.position);
        count.step(Step { name: "reviews", kind: "booking", id, at, position, row });
    }
    let steps = count.steps;
    let losses = steps.losses();
    let losses: Vec<Value> =
        losses.iter().map(|(reason, count)| json!({ "reason": reason, "count": count })).collect();
    let mut about = json!({
        "from": range.from, "to": range.to, "conversion_rates": steps.rates(), "loss_reasons": losses,
    });
    for name in &STEPS {
        about[*name] = steps.of(name).into();
    }
    let report = Report {
        name: "funnel",
        basis: basis(),
        about,
        columns: &["figure", "value"],
        rows: table(&steps),
        list: None,
        sheet: None,
    };
    report.answer(&then, &how, explain)
}
