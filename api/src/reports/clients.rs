//! `GET /v1/admin/analytics/clients/clv`: what clients have paid in all.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use domain::personal::PLACEHOLDER;
use domain::settings::feature::Feature;
use projections::reporting::money::Kind;
use projections::reporting::read::{self, Merges, Money};
use serde_json::json;
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{Range, RangeQuery};
use super::explain::{Explain, Fact};
use super::report::{Report, row};
use super::then::Then;
use super::{FINANCE, report};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::instants;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(clv), report(FINANCE, Feature::Analytics))
}

/// From the first day of our calendars to the last, unless a range was asked for.
fn days(asked: &RangeQuery, then: &Then) -> Result<Range, Problem> {
    if asked.from.is_some() || asked.to.is_some() {
        return Range::of(asked.from, asked.to, (then.today, then.zone));
    }
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or(then.today);
    let (from, to) = (day(2000, 1, 1), day(2200, 12, 31));
    Ok(Range { from, to, window: instants::days(from, to, then.zone)? })
}

/// The middle one; of an even number, the middle of both.
fn median(sorted: &[i64]) -> i64 {
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle)) {
        (_, None) => 0,
        (0, Some(upper)) => {
            let lower = sorted.get(middle.wrapping_sub(1)).copied().unwrap_or(*upper);
            lower + (upper - lower) / 2
        }
        (_, Some(one)) => *one,
    }
}

fn average(all: &[i64]) -> i64 {
    let sum = all.iter().fold(0_i64, |sum, one| sum.saturating_add(*one));
    i64::try_from(all.len()).ok().filter(|count| *count > 0).map_or(0, |count| sum / count)
}

/// What a payment, or money that went back, means for whoever paid.
fn paid(money: &Money, merges: &Merges, currency: &str) -> Option<(Uuid, i64)> {
    let sign = match money.kind {
        Kind::Received => 1,
        Kind::Refunded => -1,
        Kind::Invoiced
        | Kind::Voided
        | Kind::Credited
        | Kind::Uncredited
        | Kind::Applied
        | Kind::Unapplied => return None,
    };
    let is_ours = money.currency.as_deref().is_none_or(|one| one == currency);
    let customer = money.customer_id.filter(|_| is_ours)?;
    Some((merges.survivor(customer), sign * money.amount_cents))
}

/// What clients have paid in all, average and middle, and who paid most; that it was read is an entry of the audit log
///
/// Without a range, of all times.
#[utoipa::path(
    get,
    path = "/v1/admin/analytics/clients/clv",
    tag = "reports",
    params(RangeQuery),
    responses((status = 200, description = "`top` is a page of everybody who ever paid, the greatest first", content_type = "application/json", example = json!({
        "from": "2030-03-01", "to": "2030-03-31", "currency": "CAD", "clients": 1, "average_cents": 18900, "median_cents": 18900,
        "top": [{ "client_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "client": "Sam Sample", "paid_cents": 18900 }], "total": 1,
        "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn clv(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Response, Problem> {
    let how = asked.how()?;
    let mut then = Then::of(&app, &caller, fresh, how.as_of.as_deref()).await?;
    let range = days(&asked, &then)?;
    let (at, currency) = (then.at(), then.currency());
    let merges = read::merges(&mut then.db, at).await?;
    let (mut clients, mut explain) = (BTreeMap::<Uuid, i64>::new(), Explain::asked(&how)?);
    read::money(&mut then.db, at, (range.from, range.to, range.window), |money| {
        let Some((client, value)) = paid(&money, &merges, currency) else { return };
        let own = clients.entry(client).or_default();
        *own = own.saturating_add(value);
        let (row, id) = (json!({ "client_id": client }), money.payment_id.unwrap_or_default());
        let (day, at, position) = (money.day, money.at, money.position);
        let (figure, kind) = ("paid_cents", "payment");
        explain.say(&Fact { figure, value, row, kind, id: &id, day, at, position });
    })
    .await?;
    let ids: Vec<Uuid> = clients.keys().copied().collect();
    let names = read::names(&mut then.db, at, &ids).await?;
    let mut sums: Vec<i64> = clients.values().copied().collect();
    sums.sort_unstable();
    let mut clients: Vec<(Uuid, i64)> = clients.into_iter().collect();
    clients.sort_by_key(|(id, cents)| (-cents, *id));
    let line = |(id, cents): (Uuid, i64)| {
        let name = names.get(&id).map_or(PLACEHOLDER, String::as_str);
        row(json!({ "client_id": id, "client": name, "paid_cents": cents }))
    };
    let about = json!({
        "from": asked.from.map(|_| range.from), "to": asked.to.map(|_| range.to), "currency": currency,
        "clients": sums.len(), "average_cents": average(&sums), "median_cents": median(&sums),
    });
    let report = Report {
        name: "clv",
        basis: json!({
            "paid_cents": "what came in for invoices and visits of the client, less what went back, in the currency of the organisation, on the day it did",
        }),
        about,
        columns: &["client_id", "client", "paid_cents"],
        rows: clients.into_iter().map(line).collect(),
        list: Some("top"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_nobody_is_nothing() {
        assert_eq!((median(&[]), average(&[])), (0, 0));
        assert_eq!((median(&[4]), median(&[1, 4]), median(&[1, 4, 90])), (4, 2, 4));
        assert_eq!(average(&[1, 4, 90]), 31);
    }
}
