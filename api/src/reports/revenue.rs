//! `GET /v1/admin/reports/revenue`: what was invoiced, credited, received and paid back, by day, week or month.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use domain::scheduling::team::Details;
use domain::settings::feature::Feature;
use projections::reporting::money::Kind;
use projections::reporting::read::{self, Money};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{Format, Range, says_how};
use super::explain::{Explain, Fact};
use super::periods::Period;
use super::report::{Report, Row, row};
use super::then::Then;
use super::{FINANCE, report};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(revenue), report(FINANCE, Feature::FinanceReports))
}

/// By what rows are told apart beside their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Group {
    #[default]
    None,
    Team,
    Service,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RevenueQuery {
    /// First day, on the clock of the organisation; the first of the month, if left out.
    from: Option<NaiveDate>,
    /// Last day, less than three years later; today, if left out.
    to: Option<NaiveDate>,
    /// `day` (the default), `week`, from Monday, or `month`.
    #[param(value_type = Option<String>)]
    by: Option<Period>,
    /// `none` (the default), `team` or `service`: of the visit that an amount is about.
    #[param(value_type = Option<String>)]
    group: Option<Group>,
    /// A position of the log or an instant: the report as it was then.
    as_of: Option<String>,
    /// `json` (the default), or `csv`: the whole table.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
    /// 1 shows the facts behind the figures, page by page, each with its event.
    #[param(minimum = 0, maximum = 1)]
    explain: Option<u8>,
    /// `explain.next_after` of the page before.
    explain_after: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<usize>,
    /// Rows of a page: 1 to 1000, else 366; of facts 500 at most, else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

says_how!(RevenueQuery);

/// The amounts of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amounts {
    invoiced: i64,
    credited: i64,
    received: i64,
    refunded: i64,
}

impl Amounts {
    /// What `kind` adds: to which figure, and whether it adds or takes away.
    const fn figure(kind: Kind) -> Option<(&'static str, i64)> {
        match kind {
            Kind::Invoiced => Some(("invoiced_cents", 1)),
            Kind::Voided => Some(("invoiced_cents", -1)),
            Kind::Credited => Some(("credited_cents", 1)),
            Kind::Uncredited => Some(("credited_cents", -1)),
            Kind::Received => Some(("received_cents", 1)),
            Kind::Refunded => Some(("refunded_cents", 1)),
            // It counts for an invoice; it came in when it was received.
            Kind::Applied | Kind::Unapplied => None,
        }
    }

    fn add(&mut self, figure: &str, cents: i64) {
        let one = match figure {
            "invoiced_cents" => &mut self.invoiced,
            "credited_cents" => &mut self.credited,
            "received_cents" => &mut self.received,
            _ => &mut self.refunded,
        };
        *one = one.saturating_add(cents);
    }

    fn plus(&mut self, other: Self) {
        self.invoiced = self.invoiced.saturating_add(other.invoiced);
        self.credited = self.credited.saturating_add(other.credited);
        self.received = self.received.saturating_add(other.received);
        self.refunded = self.refunded.saturating_add(other.refunded);
    }

    fn into(self, line: &mut Row) {
        let figures = [
            ("invoiced_cents", self.invoiced),
            ("credited_cents", self.credited),
            ("received_cents", self.received),
            ("refunded_cents", self.refunded),
            ("net_received_cents", self.received.saturating_sub(self.refunded)),
        ];
        line.extend(figures.map(|(name, cents)| (name.to_owned(), cents.into())));
    }
}

/// What tells one row from the others, in their order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    period: NaiveDate,
    of: Option<String>,
    currency: String,
}

impl Key {
    fn of(money: &Money, (by, group): (Period, Group), currency: &str) -> Self {
        let of = match group {
            Group::None => None,
            Group::Team => money.team_id.map(|team| team.to_string()),
            Group::Service => money.service.clone(),
        };
        let currency = money.currency.clone().unwrap_or_else(|| currency.to_owned());
        Self { period: by.of(money.day), of, currency }
    }

    fn shown(&self, group: Group, teams: &BTreeMap<Uuid, Details>) -> Row {
        let mut line = row(json!({ "period": self.period, "currency": self.currency }));
        match group {
            Group::None => {}
            Group::Team => {
                let id = self.of.as_ref().and_then(|id| id.parse::<Uuid>().ok());
                let team = id.and_then(|id| teams.get(&id));
                line.insert("team_id".to_owned(), json!(self.of));
                line.insert("team".to_owned(), json!(team.map(|team| &team.name)));
            }
            Group::Service => {
                line.insert("service".to_owned(), json!(self.of));
            }
        }
        line
    }
}

/// About what an amount is: the payment, or the invoice.
fn subject(money: &Money) -> (&'static str, String) {
    let uuid = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    match &money.payment_id {
        Some(payment) => ("payment", payment.clone()),
        None => ("invoice", uuid(money.invoice_id)),
    }
}

fn basis() -> Value {
    json!({
        "invoiced_cents": "invoices that count, with tax, on their date of issue",
        "credited_cents": "credit notes, with tax, on the day they were written",
        "received_cents": "payments of invoices and deposits, on the day they came in",
        "refunded_cents": "money that went back, on the day it did",
        "net_received_cents": "received less refunded",
        "team": "who makes the visit that an amount is about",
        "service": "what is cleaned at the visit that an amount is about",
    })
}

const fn columns(group: Group) -> &'static [&'static str] {
    match group {
        Group::None => &[
            "period",
            "currency",
            "invoiced_cents",
            "credited_cents",
            "received_cents",
            "refunded_cents",
            "net_received_cents",
        ],
        Group::Team => &[
            "period",
            "team_id",
            "team",
            "currency",
            "invoiced_cents",
            "credited_cents",
            "received_cents",
            "refunded_cents",
            "net_received_cents",
        ],
        Group::Service => &[
            "period",
            "service",
            "currency",
            "invoiced_cents",
            "credited_cents",
            "received_cents",
            "refunded_cents",
            "net_received_cents",
        ],
    }
}

fn totals(rows: &BTreeMap<Key, Amounts>) -> Vec<Row> {
    let mut sums = BTreeMap::<&str, Amounts>::new();
    for (key, amounts) in rows {
        sums.entry(&key.currency).or_default().plus(*amounts);
    }
    let line = |(currency, amounts): (&str, Amounts)| {
        let mut line = row(json!({ "currency": currency }));
        amounts.into(&mut line);
        line
    };
    sums.into_iter().map(line).collect()
}

/// Invoiced, credited, received and refunded, by day, week or month; that it was read is an entry of the audit log
///
/// Days without any amount are left out. What was invoiced is taken back from its date of issue once it does not count.
#[utoipa::path(
    get,
    path = "/v1/admin/reports/revenue",
    tag = "reports",
    params(RevenueQuery),
    responses((status = 200, description = "A row for each period, currency and, if asked for, team or service", content_type = "application/json", example = json!({
        "from": "2030-03-01", "to": "2030-03-31", "by": "month", "items": [{ "period": "2030-03-01", "currency": "CAD",
            "invoiced_cents": 18900, "credited_cents": 0, "received_cents": 5000, "refunded_cents": 0, "net_received_cents": 5000 }],
        "totals": [], "total": 1, "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn revenue(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RevenueQuery>,
) -> Result<Response, Problem> {
    let how = asked.how()?;
    let (by, group) = (asked.by.unwrap_or_default(), asked.group.unwrap_or_default());
    let mut then = Then::of(&app, &caller, fresh, how.as_of.as_deref()).await?;
    let range = Range::of(asked.from, asked.to, (then.today, then.zone))?;
    let (at, currency) = (then.at(), then.currency());
    let teams = match group {
        Group::Team => read::teams(&mut then.db, at).await?,
        Group::None | Group::Service => BTreeMap::new(),
    };
    let (mut rows, mut explain) = (BTreeMap::<Key, Amounts>::new(), Explain::asked(&how)?);
    let days = (range.from, range.to, range.window);
    read::money(&mut then.db, at, days, |money| {
        let Some((figure, sign)) = Amounts::figure(money.kind) else { return };
        let key = Key::of(&money, (by, group), currency);
        let value = sign * money.amount_cents;
        if explain.is_wanted() {
            let ((kind, id), row) = (subject(&money), Value::from(key.shown(group, &teams)));
            let (day, at, position) = (money.day, money.at, money.position);
            explain.say(&Fact { figure, value, row, kind, id: &id, day, at, position });
        }
        rows.entry(key).or_default().add(figure, value);
    })
    .await?;
    let about = json!({
        "from": range.from, "to": range.to, "by": <&str>::from(by), "totals": totals(&rows),
    });
    // What was taken back on its own day leaves nothing behind.
    rows.retain(|_, amounts| *amounts != Amounts::default());
    let lines = rows.into_iter().map(|(key, amounts)| {
        let mut line = key.shown(group, &teams);
        amounts.into(&mut line);
        line
    });
    let report = Report {
        name: "revenue",
        basis: basis(),
        about,
        columns: columns(group),
        rows: lines.collect(),
        list: Some("items"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}
