//! `GET /v1/admin/bookings` and the same for the schedule and for spreadsheets.

use std::str::FromStr;

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::access::Permission;
use domain::id::{ClientId, OrgId, TeamId, WorkerId};
use domain::scheduling::booking::Status;
use domain::settings::feature::Feature;
use projections::history::moment::{self, Moment};
use projections::history::past;
use projections::scheduling::booking_list::{
    self, ALWAYS, After, BookingList, Filter, Item, Order, PAGE, csv,
};
use projections::{Projection, Reader, tenant};
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use super::super::{continued, instants};
use super::VIEW;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::extract::{Parameters, limit};
use crate::freshness::{Freshness, Reached};
use crate::problem::{Code, Problem};
use crate::route::{Routes, staff};
use crate::state::{App, AppState};
use crate::table::{self, Pages};

const EXPORTS: &[Permission] = &[Permission::ExportsRun];

pub(super) fn routes() -> Routes {
    let view = staff(VIEW).feature(Feature::Schedule);
    let exports = staff(EXPORTS).feature(Feature::Schedule);
    Routes::default()
        .add(routes!(list_bookings), view)
        .add(routes!(schedule), view)
        .add(routes!(export_bookings), exports.leaves("booking.export"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// First day on which they start, on the clock of the organisation.
    from: Option<NaiveDate>,
    /// Last such day.
    to: Option<NaiveDate>,
    /// One or more of `PENDING`, `CONFIRMED`, `IN_PROGRESS`, `DONE` and `CANCELLED`, with commas between them.
    status: Option<String>,
    #[param(value_type = Option<String>)]
    team_id: Option<TeamId>,
    #[param(value_type = Option<String>)]
    worker_id: Option<WorkerId>,
    #[param(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// Part of name, e-mail or phone of the customer, or of the id, in any case.
    q: Option<String>,
    /// Also those that are out of sight.
    include_archived: Option<bool>,
    /// Also those that are cancelled, which a list without `status` shows unless this is `false`.
    include_cancelled: Option<bool>,
    /// `starts_at` (the default) or `-starts_at`.
    sort: Option<String>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 500, else 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// A position of the log or an instant: the list as it was then.
    as_of: Option<String>,
}

impl ListQuery {
    fn filter(&self, zone: Tz) -> Result<Filter, Problem> {
        let between = match (self.from, self.to) {
            (None, None) => ALWAYS,
            (Some(from), Some(to)) if to < from => {
                return Err(Problem::field("to", "Input should not be before `from`"));
            }
            (from, to) => {
                let mut span = ALWAYS;
                if let Some(from) = from {
                    span.starts_at = instants::days(from, from, zone)?.starts_at;
                }
                if let Some(to) = to {
                    span.ends_at = instants::days(to, to, zone)?.ends_at;
                }
                span
            }
        };
        let query = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        Ok(Filter {
            between,
            status: self.status()?,
            team: self.team_id.map(TeamId::as_uuid),
            worker: self.worker_id.map(WorkerId::as_uuid),
            client: self.client_id.map(ClientId::as_uuid),
            query: query.map(str::to_owned),
            archived: self.include_archived.unwrap_or(false),
        })
    }

    fn status(&self) -> Result<Vec<String>, Problem> {
        let Some(named) = &self.status else {
            let cancelled = self.include_cancelled.unwrap_or(true);
            let all = <Status as strum::VariantArray>::VARIANTS.iter();
            let shown = all.filter(|status| **status != Status::Cancelled);
            return Ok(if cancelled { Vec::new() } else { shown.map(Status::to_string).collect() });
        };
        let each = named.split(',').map(|one| Status::from_str(one.trim()));
        let each = each.map(|one| one.map(|status| status.to_string()));
        each.collect::<Result<_, _>>().map_err(|_| Problem::new(Code::InvalidStatus))
    }

    fn order(&self) -> Result<Order, Problem> {
        match self.sort.as_deref() {
            None | Some("starts_at") => Ok(Order::Earliest),
            Some("-starts_at") => Ok(Order::Latest),
            Some(_) => Err(Problem::field("sort", "Input should be starts_at or -starts_at")),
        }
    }
}

/// One page, and what is to be known about it.
struct Found {
    items: Vec<Item>,
    next: Option<String>,
    total: Option<i64>,
    then: Option<i64>,
    reached: Reached,
}

impl Found {
    fn mark(self, answer: Answer) -> Answer {
        let answer = continued(answer, self.next.as_deref());
        match self.then {
            Some(position) => answer.reaching(position, false),
            None => self.reached.mark(answer),
        }
    }
}

async fn find(
    app: &App,
    org: OrgId,
    fresh: Freshness,
    (asked, counted): (&ListQuery, bool),
) -> Result<Found, Problem> {
    let zone = app.settings.of(app, org).await?.zone;
    let (filter, order) = (asked.filter(zone)?, asked.order()?);
    let (limit, after) = (limit(asked.limit, PAGE)?, cursor::asked(asked.cursor.as_deref())?);
    let reached = fresh.reach(app, org, &[BookingList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let mut then = None;
    if let Some(as_of) = &asked.as_of {
        let position = moment::resolve(&mut tx, org, as_of.parse::<Moment>()?).await?;
        let reader = (&Reader::of::<BookingList>(), booking_list::KINDS);
        past::travel(&mut tx, &app.keys, org, reader, position).await?;
        then = Some(position);
    }
    let items = booking_list::page(&mut tx, org, &filter, (order, after), limit).await?;
    let total =
        if counted { Some(booking_list::count(&mut tx, org, &filter).await?) } else { None };
    tx.rollback().await?;
    let next = cursor::last_of_full(&items, limit)
        .map(|item| cursor::shown(item.starts_at, item.booking_id));
    Ok(Found { items, next, total, then, reached })
}

/// Bookings by the time at which they start
#[utoipa::path(
    get,
    path = "/v1/admin/bookings",
    tag = "scheduling",
    params(ListQuery),
    responses(
        (status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!([
            { "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "starts_at": "2030-03-04T17:00:00Z", "duration_minutes": 120, "status": "PENDING", "lead_name": "Sam Sample" }
        ])),
        (status = 400, description = "Unknown status")
    )
)]
async fn list_bookings(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let found = find(&app, caller.org(), fresh, (&asked, false)).await?;
    let answer = Answer::json(&found.items)?;
    Ok(found.mark(answer))
}

/// Bookings by the time at which they start, with how many there are
#[utoipa::path(
    get,
    path = "/v1/admin/schedule",
    tag = "scheduling",
    params(ListQuery),
    responses(
        (status = 200, description = "One page", content_type = "application/json", example = json!({
            "from_date": "2030-03-04", "to_date": "2030-03-04", "bookings": [], "total": 0, "limit": 50, "query": null, "next_cursor": null
        })),
        (status = 400, description = "Unknown status")
    )
)]
async fn schedule(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let found = find(&app, caller.org(), fresh, (&asked, true)).await?;
    let body = json!({
        "from_date": asked.from,
        "to_date": asked.to,
        "bookings": found.items,
        "total": found.total,
        "limit": asked.limit.unwrap_or(50),
        "query": asked.q,
        "next_cursor": found.next,
    });
    Ok(found.mark(Answer::json(&body)?))
}

/// Bookings as CSV; that they were taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/bookings/export.csv",
    tag = "scheduling",
    params(ListQuery),
    responses(
        (status = 200, description = "A line of names, then a line for each booking", content_type = "text/csv"),
        (status = 400, description = "Unknown status")
    )
)]
async fn export_bookings(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Response, Problem> {
    let org = caller.org();
    let zone = app.settings.of(&app, org).await?.zone;
    let (filter, order) = (asked.filter(zone)?, asked.order()?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    limit(asked.limit, PAGE)?;
    fresh.reach(&app, org, &[BookingList::NAME]).await?;
    let read = move |after| {
        let (app, filter) = (AppState::clone(&app), filter.clone());
        async move { page(&app, org, &filter, (order, after)).await }
    };
    let key = |last: &Item| (last.starts_at, last.booking_id);
    let pages = Pages { start: after, key, size: PAGE };
    table::long("bookings.csv", csv::header(), csv::rows, pages, read).await
}

async fn page(
    app: &App,
    org: OrgId,
    filter: &Filter,
    start: (Order, After),
) -> Result<Vec<Item>, sqlx::Error> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    booking_list::page(&mut tx, org, filter, start, PAGE).await
}
