//! `GET /v1/admin/reports/pnl`: what each visit earned, and what the work on it cost.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use domain::invoicing::invoice::lines::share;
use domain::settings::feature::Feature;
use projections::reporting::money::Kind;
use projections::reporting::read::{self, Charge, Rates, UsualRates, Visit};
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{Range, RangeQuery};
use super::explain::{Explain, Fact};
use super::report::{Report, Row, percent, row};
use super::then::Then;
use super::{FINANCE, report};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(pnl_of_visits), report(FINANCE, Feature::FinanceReports))
}

const COLUMNS: [&str; 9] = [
    "booking_id",
    "completed_on",
    "revenue_cents",
    "labour_cents",
    "payment_fees_cents",
    "margin_cents",
    "margin_pct",
    "worker_rate_cents",
    "actual_minutes",
];

/// What taking money costs is written down as an expense of the organisation; no visit bears it.
const FEES_CENTS: i64 = 0;

/// What is charged for one visit.
#[derive(Clone, Copy, Debug, Default)]
struct Charged {
    /// Invoices that count.
    invoices: i64,
    cents: i64,
}

/// What `kind` adds to what is charged: invoices, and the sign of its amount.
const fn charged(kind: Kind) -> Option<(i64, i64)> {
    match kind {
        Kind::Invoiced => Some((1, 1)),
        Kind::Voided => Some((-1, -1)),
        Kind::Credited => Some((0, -1)),
        Kind::Uncredited => Some((0, 1)),
        Kind::Received | Kind::Refunded | Kind::Applied | Kind::Unapplied => None,
    }
}

/// The amounts of one visit, or of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amounts {
    revenue: i64,
    labour: i64,
}

impl Amounts {
    const fn margin(self) -> i64 {
        self.revenue.saturating_sub(self.labour).saturating_sub(FEES_CENTS)
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            revenue: self.revenue.saturating_add(other.revenue),
            labour: self.labour.saturating_add(other.labour),
        }
    }

    fn into(self, line: &mut Row) {
        line.extend(row(json!({
            "revenue_cents": self.revenue,
            "labour_cents": self.labour,
            "payment_fees_cents": FEES_CENTS,
            "margin_cents": self.margin(),
            "margin_pct": percent(self.margin(), self.revenue),
        })));
    }
}

/// What an hour of everybody who goes costs; of a visit for which nobody is named, what an hour of one person usually does.
fn rate(visit: &Visit, rates: &HashMap<Uuid, Rates>, (day, usual): (NaiveDate, i64)) -> i64 {
    let own = |worker: &Uuid| rates.get(worker).and_then(|own| own.on(day)).unwrap_or(usual);
    if visit.crew.is_empty() {
        return usual;
    }
    visit.crew.iter().map(own).fold(0, i64::saturating_add)
}

/// A visit, when it was completed, and the event that says so.
struct Done {
    visit: Visit,
    at: DateTime<Utc>,
    position: i64,
}

impl Done {
    fn minutes(&self) -> i64 {
        self.visit.actual_minutes.unwrap_or(0).into()
    }
}

/// The visits that were completed in the time, in this order.
async fn completed(then: &mut Then, range: Range) -> Result<Vec<Done>, Problem> {
    let (at, mut all) = (then.at(), Vec::new());
    read::visits(&mut then.db, at, range.window, |visit| {
        let done = visit.completed_at.zip(visit.completed_position);
        if let Some((at, position)) = done.filter(|(at, _)| range.holds(*at)) {
            all.push(Done { visit, at, position });
        }
    })
    .await?;
    all.sort_by_key(|done| done.position);
    Ok(all)
}

/// Invoices and credits of the visits that were completed in the time.
async fn charges(
    then: &mut Then,
    range: Range,
    explain: &mut Explain,
) -> Result<HashMap<Uuid, Charged>, Problem> {
    let (at, currency) = (then.at(), then.currency());
    let mut all = HashMap::<Uuid, Charged>::new();
    read::charges(&mut then.db, at, range.window, |charge: Charge| {
        let Some((invoices, sign)) = charged(charge.kind) else { return };
        if charge.currency.as_deref().is_some_and(|own| own != currency) {
            return;
        }
        let (own, value) = (all.entry(charge.booking_id).or_default(), sign * charge.net_cents);
        own.invoices += invoices;
        own.cents = own.cents.saturating_add(value);
        explain.say(&Fact {
            figure: "revenue_cents",
            value,
            row: json!({ "booking_id": charge.booking_id }),
            kind: "invoice",
            id: &charge.invoice_id.map(|id| id.to_string()).unwrap_or_default(),
            day: charge.day,
            at: charge.at,
            position: charge.position,
        });
    })
    .await?;
    Ok(all)
}

/// What is known beside the visits.
struct Known<'a> {
    then: &'a Then,
    charged: HashMap<Uuid, Charged>,
    rates: HashMap<Uuid, Rates>,
    usual: UsualRates,
}

impl Known<'_> {
    fn line(&self, done: &Done, explain: &mut Explain) -> (Row, Amounts) {
        let (visit, minutes, day) = (&done.visit, done.minutes(), self.then.day(done.at));
        let invoiced = self.charged.get(&visit.booking_id).filter(|own| own.invoices > 0);
        let rate = rate(visit, &self.rates, (day, self.usual.at(done.at)));
        let labour = share(rate, minutes, 60);
        let mut say = |figure, value| {
            explain.say(&Fact {
                figure,
                value,
                row: json!({ "booking_id": visit.booking_id }),
                kind: "booking",
                id: &visit.booking_id.to_string(),
                day,
                at: done.at,
                position: done.position,
            });
        };
        let revenue = if let Some(own) = invoiced {
            own.cents
        } else {
            say("revenue_cents", visit.value());
            visit.value()
        };
        say("labour_cents", labour);
        let amounts = Amounts { revenue, labour };
        let mut line = row(json!({ "booking_id": visit.booking_id, "completed_on": day }));
        amounts.into(&mut line);
        line.extend(row(json!({ "worker_rate_cents": rate, "actual_minutes": minutes })));
        (line, amounts)
    }
}

fn basis() -> Value {
    json!({
        "completed_on": "the day on which the visit was completed; each visit is counted once, on that day",
        "revenue_cents": "invoices of the visit that count, without tax, less what was credited of them, whenever that was, in the currency of the organisation; of a visit without one, what it costs with extras",
        "labour_cents": "worker_rate_cents by actual_minutes / 60, to the nearest cent",
        "payment_fees_cents": "0: what taking money costs is kept as an expense",
        "margin_cents": "revenue less labour and fees",
        "margin_pct": "margin by revenue in percent, null where revenue is 0",
        "worker_rate_cents": "what an hour of everybody who goes costs on that day; for whoever has no rate, and for a visit for which nobody is named, what the policies said when the visit was completed",
        "actual_minutes": "how long it took",
    })
}

/// What each completed visit earned, and what the work on it cost; that it was read is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/reports/pnl",
    tag = "reports",
    params(RangeQuery),
    responses((status = 200, description = "A row for each visit completed on these days, in the order in which they were", content_type = "application/json", example = json!({
        "from": "2030-03-01", "to": "2030-03-31", "currency": "CAD", "items": [{ "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d",
            "completed_on": "2030-03-04", "revenue_cents": 18000, "labour_cents": 7500, "payment_fees_cents": 0, "margin_cents": 10500,
            "margin_pct": 58.33, "worker_rate_cents": 5000, "actual_minutes": 90 }],
        "totals": { "visits": 1, "revenue_cents": 18000, "labour_cents": 7500, "payment_fees_cents": 0, "margin_cents": 10500,
            "margin_pct": 58.33, "actual_minutes": 90 },
        "total": 1, "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn pnl_of_visits(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Response, Problem> {
    let (how, mut then, range) = Then::over(&app, &caller, fresh, &asked, &[]).await?;
    let (at, mut explain) = (then.at(), Explain::asked(&how)?);
    let visits = completed(&mut then, range).await?;
    let charged = charges(&mut then, range, &mut explain).await?;
    let rates = read::rates(&mut then.db, at).await?;
    let usual = read::usual_rates(&mut then.db, at).await?;
    let known = Known { then: &then, charged, rates, usual };
    let (mut rows, mut sum, mut worked) = (Vec::new(), Amounts::default(), 0_i64);
    for done in &visits {
        let (line, amounts) = known.line(done, &mut explain);
        sum = sum.plus(amounts);
        worked = worked.saturating_add(done.minutes());
        rows.push(line);
    }
    let mut totals = row(json!({ "visits": rows.len(), "actual_minutes": worked }));
    sum.into(&mut totals);
    let report = Report {
        name: "pnl",
        basis: basis(),
        about: json!({
            "from": range.from, "to": range.to, "currency": then.currency(), "totals": totals,
        }),
        columns: &COLUMNS,
        rows,
        list: Some("items"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}
