//! `GET /v1/admin/reports/addons`: which extras were cleaned, how many of each, and for how much.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::pricing::price_book::PriceBook;
use domain::settings::feature::Feature;
use projections::history::entity;
use projections::reporting::read::{self, Visit};
use serde_json::json;
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{Range, RangeQuery};
use super::explain::{Explain, Fact};
use super::report::{Report, row};
use super::then::Then;
use super::{ADMIN, report};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(addon_report), report(ADMIN, Feature::Pricing))
}

struct Count<'a> {
    then: &'a Then,
    all: BTreeMap<Uuid, (i64, i64)>,
    explain: &'a mut Explain,
}

impl Count<'_> {
    fn visit(&mut self, visit: &Visit, range: &Range) {
        let done = visit.completed_at.zip(visit.completed_position);
        let Some((at, position)) = done.filter(|(at, _)| range.holds(*at)) else { return };
        let lines = visit.addon_ids.iter().zip(&visit.addon_qty).zip(&visit.addon_cents);
        let id = visit.booking_id.to_string();
        for ((addon, qty), cents) in lines {
            let own = self.all.entry(*addon).or_default();
            (own.0, own.1) = (own.0 + i64::from(*qty), own.1.saturating_add(*cents));
            for (figure, value) in [("total_qty", i64::from(*qty)), ("revenue_cents", *cents)] {
                let (row, day) = (json!({ "addon_id": addon }), self.then.day(at));
                let kind = "booking";
                self.explain.say(&Fact { figure, value, row, kind, id: &id, day, at, position });
            }
        }
    }
}

/// Extras of visits that are done; that it was read is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/reports/addons",
    tag = "reports",
    params(RangeQuery),
    responses((status = 200, description = "A row for each extra, the one that brings most first", content_type = "application/json", example = json!({
        "from": "2030-03-01", "to": "2030-03-31", "items": [{ "addon_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "addon": "Oven", "total_qty": 3, "revenue_cents": 9000 }],
        "total": 1, "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn addon_report(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Response, Problem> {
    let (how, mut then, range) = Then::over(&app, &caller, fresh, &asked, &[]).await?;
    let (at, org) = (then.at(), caller.org());
    let id = org.to_string();
    let book = entity::as_of::<PriceBook>(&mut then.db, &app.keys, org, &id, then.position).await?;
    let book = book.map(|found| found.state).unwrap_or_default();
    let mut visits = Vec::new();
    read::visits(&mut then.db, at, range.window, |visit| visits.push(visit)).await?;
    let mut explain = Explain::asked(&how)?;
    let mut count = Count { then: &then, all: BTreeMap::new(), explain: &mut explain };
    for visit in &visits {
        count.visit(visit, &range);
    }
    let mut all: Vec<(Uuid, (i64, i64))> = count.all.into_iter().collect();
    all.sort_by_key(|(id, (qty, cents))| (-cents, -qty, *id));
    let line = |(id, (qty, cents)): (Uuid, (i64, i64))| {
        let name = book.edited().addon(id.into()).map(|addon| &addon.name);
        row(json!({ "addon_id": id, "addon": name, "total_qty": qty, "revenue_cents": cents }))
    };
    let report = Report {
        name: "addons",
        basis: json!({
            "total_qty": "extras of visits, on the day the visit was completed",
            "revenue_cents": "what they cost when they were added",
        }),
        about: json!({ "from": range.from, "to": range.to }),
        columns: &["addon_id", "addon", "total_qty", "revenue_cents"],
        rows: all.into_iter().map(line).collect(),
        list: Some("items"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}
