//! `GET /v1/admin/leads`: what staff search.

use axum::extract::State;
use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::sales::lead::Status;
use domain::settings::zone;
use projections::Projection;
use projections::sales::lead_list::{self, Filter, LeadList, PAGE, Page, Start};
use projections::tenant;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{READ, past};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::{Code, Problem};
use crate::route::{Routes, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(list), staff(READ))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `NEW`, `CONTACTED`, `QUOTED`, `WON` or `LOST`.
    status: Option<String>,
    /// Part of name, e-mail, phone or id, in any case.
    query: Option<String>,
    /// First day on which they asked, in the time zone of the organisation.
    from: Option<NaiveDate>,
    /// Last such day.
    to: Option<NaiveDate>,
    /// From 1.
    #[param(minimum = 1)]
    page: Option<u32>,
    /// `next_cursor` of the page before; instead of `page`.
    cursor: Option<String>,
    /// A position of the log or an instant: the list as it was then.
    as_of: Option<String>,
}

impl ListQuery {
    /// Days are those on the clocks of `zone`.
    fn filter(&self, zone: Tz) -> Result<Filter, Problem> {
        let status = self.status.as_deref().map(str::parse::<Status>).transpose();
        let status = status.map_err(|_| Problem::new(Code::InvalidStatus))?;
        let query = self.query.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let from = self.from.map(|day| zone::start_of(day, zone));
        let until = self.to.and_then(|day| day.succ_opt()).map(|day| zone::start_of(day, zone));
        Ok(Filter { status, query: query.map(str::to_owned), from, until })
    }

    fn start(&self) -> Result<Start, Problem> {
        match (&self.cursor, self.page) {
            (Some(_), Some(_)) => Err(Problem::field("cursor", "Not together with page")),
            (None, Some(0)) => Err(Problem::field("page", "Input should be at least 1")),
            (cursor, page) => Ok(match cursor::asked(cursor.as_deref())? {
                Some((created_at, lead_id)) => Start::After { created_at, lead_id },
                None => Start::Page(page.unwrap_or(1)),
            }),
        }
    }
}

/// Leads, newest first
#[utoipa::path(
    get,
    path = "/v1/admin/leads",
    tag = "leads",
    params(ListQuery),
    responses(
        (status = 200, description = "One page of 25", content_type = "application/json", example = json!({
            "items": [{ "lead_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Sam Sample", "status": "NEW" }],
            "total": 1, "page": 1, "page_size": 25, "next_cursor": null
        })),
        (status = 400, description = "Unknown status")
    )
)]
async fn list(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let zone = app.settings.of(&app, caller.org()).await?.zone;
    let (filter, start) = (asked.filter(zone)?, asked.start()?);
    if let Some(as_of) = &asked.as_of {
        let (page, position) = past::list(&app, &caller, as_of, (&filter, start)).await?;
        let mut body = shown(&page, asked.page);
        body["as_of"] = json!({ "position": position });
        return Ok(Answer::json(&body)?.reaching(position, false));
    }
    let reached = fresh.reach(&app, caller.org(), &[LeadList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let page = lead_list::page(&mut tx, caller.org(), &filter, start).await?;
    Ok(reached.mark(Answer::json(&shown(&page, asked.page))?))
}

fn shown(page: &Page, number: Option<u32>) -> Value {
    let last = cursor::last_of_full(&page.items, PAGE);
    json!({
        "items": page.items,
        "total": page.total,
        "page": number.unwrap_or(1),
        "page_size": PAGE,
        "next_cursor": last.map(|item| cursor::shown(item.created_at, item.lead_id)),
    })
}
