//! `GET /v1/admin/metrics`: the organisation in a few figures.

use std::collections::{BTreeMap, HashMap};

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::settings::feature::Feature;
use projections::reporting::money::Kind;
use projections::reporting::read::{self, Merges, Money, Visit};
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{Range, RangeQuery};
use super::explain::{Explain, Fact};
use super::report::{Report, Row, figure};
use super::then::Then;
use super::{ADMIN, report};
use crate::caller::Caller;
use crate::dashboard::share;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

/// So many days after a visit customers are expected back.
const RETURNS: [i64; 3] = [30, 60, 90];

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(metrics), report(ADMIN, Feature::Analytics))
}

#[derive(Default)]
struct Figures {
    created: i64,
    confirmed: i64,
    completed: i64,
    cancelled: i64,
    base: i64,
    refunds: i64,
    credits: i64,
    labor: i64,
    planned: i64,
    actual: i64,
    per_day: BTreeMap<NaiveDate, i64>,
    /// When the first visit of each customer was completed, and which it was.
    first: HashMap<Uuid, (DateTime<Utc>, Uuid)>,
}

impl Figures {
    fn revenue(&self) -> i64 {
        self.base.saturating_sub(self.refunds).saturating_sub(self.credits)
    }

    fn earned(&mut self, day: NaiveDate, cents: i64) {
        let own = self.per_day.entry(day).or_default();
        *own = own.saturating_add(cents);
    }

    fn average(sum: i64, count: i64) -> i64 {
        if count > 0 { sum / count } else { 0 }
    }

    fn shown(&self, leads: (i64, i64), returned: &Value) -> Value {
        let (count, estimated) = leads;
        let days = self.per_day.iter();
        let days: Vec<Value> =
            days.map(|(day, cents)| json!({ "date": day, "revenue_cents": cents })).collect();
        json!({
            "conversions": {
                "lead_created": count, "booking_created": self.created, "booking_confirmed": self.confirmed,
                "job_completed": self.completed,
            },
            "average_estimated_revenue_cents": Self::average(estimated, count),
            "duration_accuracy": {
                "sample": self.completed,
                "estimated_minutes": Self::average(self.planned, self.completed),
                "actual_minutes": Self::average(self.actual, self.completed),
                "delta_minutes": Self::average(self.actual - self.planned, self.completed),
            },
            "financial": {
                "revenue_cents": self.revenue(), "base_cents": self.base, "refunds_cents": self.refunds,
                "credits_cents": self.credits, "estimated_labor_cents": self.labor,
                "margin_cents": self.revenue().saturating_sub(self.labor),
                "average_order_cents": Self::average(self.base, self.completed),
                "per_day": days,
            },
            "operational": {
                "utilisation": share(self.actual, self.planned),
                "cancellation_rate": share(self.cancelled, self.created),
                "retention": returned,
            },
        })
    }
}

struct Count<'a> {
    then: &'a Then,
    range: Range,
    merges: &'a Merges,
    figures: Figures,
    explain: &'a mut Explain,
}

impl Count<'_> {
    fn say(
        &mut self,
        (figure, value): (&'static str, i64),
        (kind, id): (&'static str, &str),
        (day, at, position): (NaiveDate, DateTime<Utc>, i64),
    ) {
        let row = json!({ "day": day });
        self.explain.say(&Fact { figure, value, row, kind, id, day, at, position });
    }

    fn happened(
        &mut self,
        figure: &'static str,
        id: &str,
        when: Option<(DateTime<Utc>, i64)>,
    ) -> bool {
        let Some((at, position)) = when.filter(|(at, _)| self.range.holds(*at)) else {
            return false;
        };
        let day = self.then.day(at);
        self.say((figure, 1), ("booking", id), (day, at, position));
        true
    }

    fn visit(&mut self, visit: &Visit) {
        let id = visit.booking_id.to_string();
        let made = Some((visit.requested_at, visit.requested_position));
        let confirmed = visit.confirmed_at.zip(visit.confirmed_position);
        let cancelled = visit.cancelled_at.zip(visit.cancelled_position);
        let done = visit.completed_at.zip(visit.completed_position);
        self.figures.created += i64::from(self.happened("booking_created", &id, made));
        self.figures.confirmed += i64::from(self.happened("booking_confirmed", &id, confirmed));
        self.figures.cancelled += i64::from(self.happened("booking_cancelled", &id, cancelled));
        if !self.happened("job_completed", &id, done) {
            return;
        }
        let Some((at, position)) = done else { return };
        let (day, base) = (self.then.day(at), visit.base());
        self.say(("base_cents", base), ("booking", &id), (day, at, position));
        let labor = visit.labor_cents.unwrap_or(0);
        self.say(("estimated_labor_cents", labor), ("booking", &id), (day, at, position));
        let figures = &mut self.figures;
        figures.completed += 1;
        figures.base = figures.base.saturating_add(base);
        figures.labor = figures.labor.saturating_add(labor);
        figures.planned += i64::from(visit.planned_minutes);
        figures.actual += i64::from(visit.actual_minutes.unwrap_or(0));
        figures.earned(day, base);
        if let Some(customer) = visit.customer_id() {
            let own = (at, visit.booking_id);
            let first = figures.first.entry(self.merges.survivor(customer)).or_insert(own);
            *first = (*first).min(own);
        }
    }

    fn money(&mut self, money: &Money) {
        let is_of_done = money.status.as_deref() == Some("DONE");
        let (figure, value) = match money.kind {
            Kind::Refunded => ("refunds_cents", money.amount_cents),
            Kind::Credited => ("credits_cents", money.amount_cents),
            Kind::Uncredited => ("credits_cents", -money.amount_cents),
            Kind::Invoiced | Kind::Voided | Kind::Received | Kind::Applied | Kind::Unapplied => {
                return;
            }
        };
        if !is_of_done {
            return;
        }
        let id = money.booking_id.map(|id| id.to_string()).unwrap_or_default();
        self.say((figure, value), ("booking", &id), (money.day, money.at, money.position));
        let sum = match figure {
            "refunds_cents" => &mut self.figures.refunds,
            _ => &mut self.figures.credits,
        };
        *sum = sum.saturating_add(value);
        self.figures.earned(money.day, -value);
    }
}

/// Of those whose visit was completed, the share who come again within so many days.
async fn returned(
    then: &mut Then,
    merges: &Merges,
    first: &HashMap<Uuid, (DateTime<Utc>, Uuid)>,
) -> Result<Value, Problem> {
    let at = then.at();
    let mut again = [0_i64; 3];
    let mut next = HashMap::<Uuid, DateTime<Utc>>::new();
    read::stays(&mut then.db, at, DateTime::<Utc>::MAX_UTC, |stay| {
        let customer = merges.survivor(stay.customer_id);
        let is_later =
            |(at, id): &(DateTime<Utc>, Uuid)| stay.starts_at > *at && stay.booking_id != *id;
        if first.get(&customer).is_some_and(is_later) {
            next.entry(customer).or_insert(stay.starts_at);
        }
    })
    .await?;
    for (customer, (first, _)) in first {
        for (n, days) in RETURNS.iter().enumerate() {
            let soon = next.get(customer).is_some_and(|at| *at <= *first + TimeDelta::days(*days));
            again[n] += i64::from(soon);
        }
    }
    let all = i64::try_from(first.len()).unwrap_or(i64::MAX);
    let rates = RETURNS.iter().zip(again);
    let rates = rates.map(|(days, count)| (format!("days_{days}"), json!(share(count, all))));
    Ok(Value::Object(rates.collect()))
}

fn basis() -> Value {
    json!({
        "conversions": "each visit once, on the day it happened",
        "average_estimated_revenue_cents": "estimates of requests for an offer, on the day they came",
        "duration_accuracy": "visits completed on these days: minutes planned with extras, and minutes it took",
        "revenue_cents": "what completed visits cost without extras, on the day they were completed, less what went back and was credited of them, on the day it was",
        "margin_cents": "revenue less the labour of the estimates of these visits",
        "utilisation": "minutes it took by minutes planned, of visits completed on these days",
        "cancellation_rate": "visits called off on these days by visits asked for on these days",
        "retention": "of customers with a completed visit, those with another that begins so many days after the first of them at most",
    })
}

/// Figures as lines, each named by its way through the answer.
fn flat(name: &str, value: &Value, lines: &mut Vec<Row>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flat(&name, value, lines);
            }
        }
        Value::Array(days) => {
            for day in days {
                let name = format!("{name}.{}", day["date"].as_str().unwrap_or_default());
                lines.push(figure(&name, day["revenue_cents"].clone()));
            }
        }
        other => lines.push(figure(name, other.clone())),
    }
}

/// Conversions, durations, money and how the work goes; that it was read is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/metrics",
    tag = "reports",
    params(RangeQuery),
    responses((status = 200, description = "The figures of these days; as CSV a line for each", content_type = "application/json"))
)]
async fn metrics(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Response, Problem> {
    let (how, mut then, range) = Then::over(&app, &caller, fresh, &asked, &[]).await?;
    let (at, window) = (then.at(), range.window);
    let merges = read::merges(&mut then.db, at).await?;
    let leads = read::leads(&mut then.db, at, window).await?;
    let (mut visits, mut amounts) = (Vec::new(), Vec::new());
    read::visits(&mut then.db, at, window, |visit| visits.push(visit)).await?;
    let days = (range.from, range.to, window);
    read::money(&mut then.db, at, days, |money| amounts.push(money)).await?;
    let mut explain = Explain::asked(&how)?;
    let figures = Figures::default();
    let mut count = Count { then: &then, range, merges: &merges, figures, explain: &mut explain };
    let mut inquired = (0, 0_i64);
    for lead in leads.iter().filter(|lead| range.holds(lead.submitted_at)) {
        inquired = (inquired.0 + 1, inquired.1.saturating_add(lead.estimate_cents));
        let day = then.day(lead.submitted_at);
        let when = (day, lead.submitted_at, lead.submitted_position);
        count.say(("lead_created", 1), ("lead", &lead.lead_id.to_string()), when);
    }
    for visit in &visits {
        count.visit(visit);
    }
    for money in &amounts {
        count.money(money);
    }
    let figures = count.figures;
    let returned = returned(&mut then, &merges, &figures.first).await?;
    let mut about = figures.shown(inquired, &returned);
    let mut rows = Vec::new();
    flat("", &about, &mut rows);
    (about["from"], about["to"]) = (json!(range.from), json!(range.to));
    let report = Report {
        name: "metrics",
        basis: basis(),
        about,
        columns: &["figure", "value"],
        rows,
        list: None,
        sheet: None,
    };
    report.answer(&then, &how, explain)
}
