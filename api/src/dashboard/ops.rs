//! `GET /v1/admin/dashboard/ops`: the figures of the day.

use std::collections::HashMap;

use axum::extract::State;
use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};
use domain::access::Permission;
use domain::id::OrgId;
use domain::scheduling::dispatch::alerts::Alert;
use domain::scheduling::search;
use domain::scheduling::time_off::Scope;
use domain::scheduling::window::Window;
use domain::settings::feature::Feature;
use domain::settings::org::OrgSettings;
use projections::customers::client_list::{self, ClientList};
use projections::customers::ratings::{self, Rating};
use projections::scheduling::booking_list::figures::{self, Figures, Performer};
use projections::scheduling::booking_list::{self, Filter, Item, Order};
use projections::scheduling::dispatch_board::SOURCES;
use projections::scheduling::time_off_list;
use projections::{Projection, tenant};
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa_axum::routes;
use uuid::Uuid;

use super::today;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::scheduling::{Day, People, alerts_of};
use crate::state::{App, AppState};

const VIEW: &[Permission] = &[Permission::CoreView];

/// Shown at most.
const ALERTS: usize = 6;
const UPCOMING: usize = 10;

/// More visits of a day than any page shows.
const MOST: i64 = 2_000;

/// A visit without anybody is pressing so long ahead.
const PRESSING: TimeDelta = TimeDelta::hours(4);

/// Of the organisation's looks: what it wants to book in a week.
const GOAL: &str = "weekly_revenue_goal_cents";

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(ops), staff(VIEW).feature(Feature::Dashboard))
}

/// The figures of the day
///
/// Days are those of the clock of the organisation. `booked_revenue_cents` is what visits that were not called off cost, paid
/// or not. What nothing is known about is null.
#[utoipa::path(
    get,
    path = "/v1/admin/dashboard/ops",
    tag = "dashboard",
    responses((status = 200, description = "The figures", content_type = "application/json"))
)]
async fn ops(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let settings = app.bus.load::<OrgSettings>(org, &org.to_string()).await?.state;
    let day = Day::asked(&app, org, None, None).await?;
    let sources: Vec<&str> = SOURCES.iter().copied().chain([ClientList::NAME]).collect();
    let reached = fresh.reach(&app, org, &sources).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let visits = of_span(&mut tx, org, day.span).await?;
    let people = People::load(&mut tx, org).await?;
    let alerts = if app.settings.of(&app, org).await?.features.contain(Feature::Schedule) {
        alerts_of(&app, &mut tx, org, day).await?
    } else {
        Vec::new()
    };
    let workers: Vec<Uuid> = people.workers.iter().map(|row| row.worker_id).collect();
    let away = away(&mut tx, org, &workers, day.span).await?;
    let availability = today::availability(&people.workers, (&visits, &away), app.now());
    let week = week(&mut tx, org, day, &settings).await?;
    let upcoming = upcoming(&app, &mut tx, org, (day, &visits)).await?;
    let ratings = ratings::of_workers(&mut tx, org, &workers).await?;
    let mut quality = None;
    if caller.may(Permission::QualityView) {
        quality = Some(ratings::said_in(&mut tx, org, day.span).await?);
    }
    let names = caller.may(Permission::ContactsView);
    let performers = performers(&mut tx, org, (day, &people), names).await?;
    tx.rollback().await?;
    let quality = quality.map(|rating: Option<Rating>| {
        json!({
            "avg_rating": rating.map(Rating::stars),
            "reviews_count": rating.map_or(0, |rating| rating.count),
            "open_critical_issues": null,
        })
    });
    let figures = today::counted(visits.iter());
    let free = availability.iter().filter(|(available, _)| *available).count();
    let currency: &'static str = settings.currency.into();
    let body = json!({
        "as_of": app.now(),
        "org_timezone": day.zone.name(),
        "org_currency": currency,
        "critical_alerts": alerts.iter().take(ALERTS).map(alert).collect::<Vec<_>>(),
        "upcoming_events": upcoming,
        "worker_availability": availability.into_iter().map(|(_, line)| line).collect::<Vec<_>>(),
        "booking_status_today": today::status(&visits, day.zone),
        "hero_metrics": {
            "bookings_today": figures.bookings,
            "booked_revenue_today_cents": figures.booked_revenue_cents,
            "workers_available": free,
            "workers_total": people.workers.len(),
            "worker_rating_avg": rating(&ratings),
        },
        "revenue_week": week,
        "quality_today": quality,
        "top_performers": performers,
    });
    Ok(reached.mark(Answer::json(&body)?))
}

/// Of all workers together: every rating counts once for each who was there.
fn rating(all: &HashMap<Uuid, Rating>) -> Option<f64> {
    let count: i64 = all.values().map(|rating| rating.count).sum();
    let sum: i64 = all.values().map(|rating| i64::from(rating.thousandths) * rating.count).sum();
    let average = i32::try_from((count > 0).then(|| sum / count)?).ok()?;
    Some(f64::from(average) / 1_000.0)
}

async fn of_span(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
) -> Result<Vec<Item>, sqlx::Error> {
    let filter = Filter { between: span, ..Filter::default() };
    booking_list::page(db, org, &filter, (Order::Earliest, None), MOST).await
}

/// When workers are away, and who; nobody in particular is everybody.
async fn away(
    db: &mut PgConnection,
    org: OrgId,
    workers: &[Uuid],
    span: Window,
) -> Result<Vec<(Window, Option<Uuid>)>, sqlx::Error> {
    let blocks = time_off_list::touching(db, org, (&[], workers), span).await?;
    let of = |block: &time_off_list::Block| match block.terms.scope {
        Scope::Org => Some((block.terms.window, None)),
        Scope::Worker(worker) => Some((block.terms.window, Some(worker.as_uuid()))),
        Scope::Team(_) => None,
    };
    Ok(blocks.iter().filter_map(of).collect())
}

fn alert(alert: &Alert) -> Value {
    json!({
        "type": alert.kind,
        "severity": alert.severity,
        "title": <&str>::from(alert.kind).replace('_', " ").to_lowercase(),
        "description": alert.message,
        "notification_id": alert.alert_id,
        "entity_ref": { "kind": "booking", "id": alert.booking_ids.first() },
        "actions": [alert.action],
        "created_at": alert.since,
    })
}

/// The week from Monday, day by day, and how far its goal is.
async fn week(
    db: &mut PgConnection,
    org: OrgId,
    day: Day,
    settings: &OrgSettings,
) -> Result<Value, sqlx::Error> {
    let ahead = u64::from(day.date.weekday().num_days_from_monday());
    let monday = day.date.checked_sub_days(Days::new(ahead)).unwrap_or(day.date);
    let days: Vec<NaiveDate> = monday.iter_days().take(7).collect();
    let sunday = days.last().copied().unwrap_or(monday);
    let span = span(monday, sunday, day);
    let booked: HashMap<NaiveDate, Figures> =
        figures::by_day(db, org, span, day.zone.name()).await?.into_iter().collect();
    let of = |date: &NaiveDate| booked.get(date).map_or(0, |figures| figures.booked_revenue_cents);
    let total: i64 = days.iter().map(of).sum();
    let goal = settings
        .branding
        .get(GOAL)
        .and_then(Value::as_i64)
        .map(|goal| json!({ "goal_cents": goal, "remaining_cents": (goal - total).max(0) }));
    let currency: &'static str = settings.currency.into();
    let days: Vec<Value> =
        days.iter().map(|date| json!({ "date": date, "booked_revenue_cents": of(date) })).collect();
    Ok(json!({
        "week_start": monday,
        "week_end": sunday,
        "days": days,
        "total_booked_revenue_cents": total,
        "currency": currency,
        "goal": goal,
    }))
}

/// From the first instant of a day to the last of another.
fn span(from: NaiveDate, to: NaiveDate, day: Day) -> Window {
    let (first, last) = (search::whole_day(from, day.zone), search::whole_day(to, day.zone));
    Window { starts_at: first.starts_at, ends_at: last.ends_at }
}

/// What somebody should think of now: visits without anybody, and how tomorrow begins.
async fn upcoming(
    app: &App,
    db: &mut PgConnection,
    org: OrgId,
    (day, visits): (Day, &[Item]),
) -> Result<Vec<Value>, sqlx::Error> {
    let now = app.now();
    let soon = visits.iter().filter(|visit| {
        let stands = matches!(visit.status.as_str(), "PENDING" | "CONFIRMED");
        stands && visit.crew.is_empty() && (now..now + PRESSING).contains(&visit.starts_at)
    });
    let event = |kind: &str, title: &str, visit: &Item| {
        json!({
            "type": kind,
            "title": title,
            "starts_at": visit.starts_at,
            "entity_ref": { "kind": "booking", "id": visit.booking_id },
        })
    };
    let mut events: Vec<Value> = soon
        .map(|visit| event("unassigned_booking", "Nobody is to make a visit yet", visit))
        .collect();
    events.truncate(UPCOMING - 1);
    if let Some(tomorrow) = day.date.succ_opt() {
        let visits = of_span(db, org, search::whole_day(tomorrow, day.zone)).await?;
        let first = visits.iter().find(|visit| visit.status != "CANCELLED");
        events.extend(
            first.map(|visit| event("first_job_tomorrow", "The first visit of tomorrow", visit)),
        );
    }
    Ok(events)
}

/// Who and what brings most in the month.
async fn performers(
    db: &mut PgConnection,
    org: OrgId,
    (day, people): (Day, &People),
    names: bool,
) -> Result<Value, sqlx::Error> {
    let first = day.date.with_day(1).unwrap_or(day.date);
    let last = first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
    let last = last.unwrap_or(day.date);
    let span = span(first, last, day);
    let found = figures::performers(&mut *db, org, span).await?;
    let total: i64 = figures::by_team(&mut *db, org, span, None)
        .await?
        .iter()
        .map(|(_, figures)| figures.booked_revenue_cents)
        .sum();
    let clients: Vec<Uuid> = of_sort(&found, "client").filter_map(id).collect();
    let clients = if names { client_list::names(db, org, &clients).await? } else { HashMap::new() };
    let label = |one: &Performer| match one.sort.as_str() {
        "worker" => id(one).and_then(|id| people.worker(id)).map(|row| row.name.clone()),
        "team" => id(one).and_then(|id| people.team(id)).map(|row| row.team.name.clone()),
        "client" => id(one).and_then(|id| clients.get(&id).cloned()),
        _ => Some(one.reference.clone()),
    };
    let line = |one: &Performer| {
        json!({
            "id": one.reference,
            "name": label(one),
            "bookings": one.bookings,
            "booked_revenue_cents": one.booked_revenue_cents,
            "share_of_revenue": share(one.booked_revenue_cents, total),
        })
    };
    let all = |sort: &str| of_sort(&found, sort).map(line).collect::<Vec<_>>();
    Ok(json!({
        "month_start": first,
        "month_end": last,
        "total_booked_revenue_cents": total,
        "workers": all("worker"),
        "clients": all("client"),
        "teams": all("team"),
        "services": all("service"),
    }))
}

fn of_sort<'a>(all: &'a [Performer], sort: &str) -> impl Iterator<Item = &'a Performer> {
    all.iter().filter(move |one| one.sort == sort)
}

fn id(one: &Performer) -> Option<Uuid> {
    one.reference.parse().ok()
}

/// Of 1, to four decimals; shown only.
pub(crate) fn share(part: i64, whole: i64) -> f64 {
    if whole <= 0 {
        return 0.0;
    }
    let parts = (part * 20_000 / whole + 1) / 2;
    i32::try_from(parts).map_or(1.0, |parts| f64::from(parts) / 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_has_four_decimals_and_is_nothing_of_nothing() {
        let of = |part, whole| format!("{:.4}", share(part, whole));
        assert_eq!(
            (of(1, 3), of(2, 3), of(5, 0)),
            ("0.3333".into(), "0.6667".into(), "0.0000".into())
        );
        assert_eq!(of(7, 7), "1.0000");
    }
}
