//! `GET /v1/admin/analytics/financial_summary`: what came in and was spent in a few figures, or why they cannot be told.

use axum::extract::State;
use axum::response::Response;
use domain::settings::feature::Feature;
use domain::settings::org::OrgSettings;
use domain::settings::zone;
use projections::Projection;
use projections::finance::ledger::{self, Ledger, Moved, Part};
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::asked::{Range, RangeQuery};
use super::explain::{Explain, Fact};
use super::report::{Report, figure, percent};
use super::then::Then;
use super::{FINANCE, report};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(financial_summary), report(FINANCE, Feature::Analytics))
}

const FIGURES: [&str; 6] = [
    "revenue_cents",
    "expenses_cents",
    "dispute_losses_cents",
    "profit_cents",
    "margin_pp",
    "gst_owed_cents",
];

/// What the ledger says of some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    revenue: i64,
    expenses: i64,
    lost: i64,
    collected: i64,
    recoverable: i64,
    /// Whether anything was spent at all.
    has_expenses: bool,
}

impl Sums {
    fn add(&mut self, part: Part, cents: i64) {
        let add = |sum: &mut i64| *sum = sum.saturating_add(cents);
        match part {
            Part::Customers => add(&mut self.revenue),
            Part::Spent => add(&mut self.expenses),
            Part::Recoverable => {
                add(&mut self.expenses);
                add(&mut self.recoverable);
            }
            Part::Lost => add(&mut self.lost),
            Part::Collected => add(&mut self.collected),
        }
        self.has_expenses |= matches!(part, Part::Spent | Part::Recoverable);
    }

    /// Which figures an amount counts for, and with which sign.
    const fn counts_for(part: Part) -> &'static [(&'static str, i64)] {
        match part {
            Part::Customers => &[("revenue_cents", 1)],
            Part::Spent => &[("expenses_cents", 1)],
            Part::Recoverable => &[("expenses_cents", 1), ("gst_owed_cents", -1)],
            Part::Lost => &[("dispute_losses_cents", 1)],
            Part::Collected => &[("gst_owed_cents", 1)],
        }
    }

    /// In the order of [`FIGURES`].
    fn figures(self) -> [Value; 6] {
        // What the bank took has left the revenue when it did.
        let profit = self.revenue.saturating_sub(self.expenses);
        [
            self.revenue.into(),
            self.expenses.into(),
            self.lost.into(),
            profit.into(),
            percent(profit, self.revenue),
            self.collected.saturating_sub(self.recoverable).into(),
        ]
    }
}

/// Why nothing can be told before anything is read, if nothing can.
fn closed(settings: &OrgSettings) -> Option<&'static str> {
    if !settings.features().contain(Feature::Finance) {
        return Some("finance_off");
    }
    (!settings.finance_ready).then_some("finance_not_ready")
}

fn basis() -> Value {
    json!({
        "ready": "whether the module of finance is on (finance_off), the settings say that the books are ready (finance_not_ready), and something was spent on these days (expenses_missing); all figures are null otherwise",
        "revenue_cents": "what customers paid less what went back, with tax, on the day it did, as in the profit and loss by cash",
        "expenses_cents": "what was spent, with tax, on its day",
        "dispute_losses_cents": "payments that were lost to disputes, on the day they were; the revenue is without them since the bank holds them back",
        "profit_cents": "revenue less expenses",
        "margin_pp": "profit by revenue in percent, null where revenue is 0 or less",
        "gst_owed_cents": "tax in what was paid for invoices, less tax on expenses",
    })
}

/// What the books say of the days.
async fn sums(then: &mut Then, range: Range, explain: &mut Explain) -> Result<Sums, Problem> {
    let (mut sums, at, clock) = (Sums::default(), then.at(), then.zone);
    let (days, currency) = ((range.from, range.to), then.currency());
    ledger::moved(&mut then.db, (at.org, at.position), days, currency, |moved: Moved| {
        sums.add(moved.part, moved.cents);
        for (figure, sign) in Sums::counts_for(moved.part) {
            explain.say(&Fact {
                figure,
                value: sign * moved.cents,
                row: json!({ "day": moved.day }),
                kind: &moved.source_type,
                id: &moved.source_id,
                day: moved.day,
                at: zone::start_of(moved.day, clock),
                position: moved.position,
            });
        }
    })
    .await?;
    Ok(sums)
}

/// What came in, was spent and is owed for tax on some days; that it was read is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/analytics/financial_summary",
    tag = "reports",
    params(RangeQuery),
    responses((status = 200, description = "The figures of these days; where `ready` is false they are null, and `reason` is `finance_off`, `finance_not_ready` or `expenses_missing`. As CSV a line for each", content_type = "application/json", example = json!({
        "from": "2030-03-01", "to": "2030-03-31", "currency": "CAD", "ready": true, "reason": null, "revenue_cents": 18900,
        "expenses_cents": 10500, "dispute_losses_cents": 0, "profit_cents": 8400, "margin_pp": 44.44, "gst_owed_cents": 400,
        "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn financial_summary(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Response, Problem> {
    let more = [Ledger::NAME];
    let (how, mut then, range) = Then::over(&app, &caller, fresh, &asked, &more).await?;
    let mut explain = Explain::asked(&how)?;
    let closed = closed(&then.settings);
    let sums = match closed {
        Some(_) => Sums::default(),
        None => sums(&mut then, range, &mut explain).await?,
    };
    let missing = (!sums.has_expenses).then_some("expenses_missing");
    let reason = closed.or(missing);
    let mut about = json!({
        "from": range.from, "to": range.to, "currency": then.currency(), "ready": reason.is_none(),
        "reason": reason,
    });
    let mut rows = vec![figure("ready", reason.is_none()), figure("reason", reason)];
    for (name, value) in FIGURES.iter().zip(sums.figures()) {
        about[*name] = if reason.is_none() { value } else { Value::Null };
        rows.push(figure(name, about[*name].clone()));
    }
    let report = Report {
        name: "financial_summary",
        basis: basis(),
        about,
        columns: &["figure", "value"],
        rows,
        list: None,
        sheet: None,
    };
    report.answer(&then, &how, explain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_on_expenses_is_spent_and_comes_back() {
        let mut sums = Sums::default();
        for (part, cents) in [(Part::Customers, 10_500), (Part::Spent, 1_000), (Part::Lost, 0)] {
            sums.add(part, cents);
        }
        sums.add(Part::Collected, 500);
        sums.add(Part::Recoverable, 50);
        let expected =
            [json!(10_500), json!(1_050), json!(0), json!(9_450), json!(90.0), json!(450)];
        assert_eq!(sums.figures(), expected);
        assert!(sums.has_expenses);
    }
}
