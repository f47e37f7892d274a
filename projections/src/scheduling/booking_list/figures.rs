//! Visits in figures: by day, by team, and who brings most. Revenue is what visits that were not called off cost, paid or not.

use chrono::NaiveDate;
use domain::id::{OrgId, TeamId};
use domain::scheduling::window::Window;
use sqlx::PgConnection;
use uuid::Uuid;

/// The visits of one day or one team.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// All of them.
    pub bookings: i64,
    /// Asked for and not promised yet.
    pub pending: i64,
    /// Promised or begun.
    pub confirmed: i64,
    /// Clean.
    pub done: i64,
    /// Called off.
    pub cancelled: i64,
    /// Of all but those that were called off.
    pub booked_revenue_cents: i64,
}

/// By the day on which they begin on the clock of `zone`, an IANA name, in order; days without any are left out.
pub async fn by_day(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
    zone: &str,
) -> Result<Vec<(NaiveDate, Figures)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select (starts_at at time zone $4)::date as "date!", count(*) as "bookings!",
                  count(*) filter (where status = 'PENDING') as "pending!",
                  count(*) filter (where status in ('CONFIRMED', 'IN_PROGRESS')) as "confirmed!",
                  count(*) filter (where status = 'DONE') as "done!",
                  count(*) filter (where status = 'CANCELLED') as "cancelled!",
                  coalesce(sum(total_cents) filter (where status <> 'CANCELLED'), 0)::bigint as "revenue!"
           from booking_list where org_id = $1 and starts_at >= $2 and starts_at < $3
           group by 1 order by 1"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
        zone,
    )
    .fetch_all(db)
    .await?;
    let day = rows.into_iter().map(|row| {
        let figures = Figures {
            bookings: row.bookings,
            pending: row.pending,
            confirmed: row.confirmed,
            done: row.done,
            cancelled: row.cancelled,
            booked_revenue_cents: row.revenue,
        };
        (row.date, figures)
    });
    Ok(day.collect())
}

/// By team, or of one team; teams without any visit are left out.
pub async fn by_team(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
    team: Option<TeamId>,
) -> Result<Vec<(Uuid, Figures)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select team_id, count(*) as "bookings!",
                  count(*) filter (where status = 'PENDING') as "pending!",
                  count(*) filter (where status in ('CONFIRMED', 'IN_PROGRESS')) as "confirmed!",
                  count(*) filter (where status = 'DONE') as "done!",
                  count(*) filter (where status = 'CANCELLED') as "cancelled!",
                  coalesce(sum(total_cents) filter (where status <> 'CANCELLED'), 0)::bigint as "revenue!"
           from booking_list
           where org_id = $1 and starts_at >= $2 and starts_at < $3 and ($4::uuid is null or team_id = $4)
           group by team_id order by team_id"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
        team.map(TeamId::as_uuid),
    )
    .fetch_all(db)
    .await?;
    let team = rows.into_iter().map(|row| {
        let figures = Figures {
            bookings: row.bookings,
            pending: row.pending,
            confirmed: row.confirmed,
            done: row.done,
            cancelled: row.cancelled,
            booked_revenue_cents: row.revenue,
        };
        (row.team_id, figures)
    });
    Ok(team.collect())
}

/// Somebody or something that brings much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performer {
    /// `worker`, `client`, `team` or `service`.
    pub sort: String,
    /// Which.
    pub reference: String,
    /// Visits that were not called off.
    pub bookings: i64,
    /// What they cost.
    pub booked_revenue_cents: i64,
}

/// The five that bring most of each sort, the best first. Of a crew it is whoever leads.
pub async fn performers(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
) -> Result<Vec<Performer>, sqlx::Error> {
    sqlx::query_as!(
        Performer,
        r#"with standing as (
               select lead_worker, client_id, team_id, service, coalesce(total_cents, 0) as cents
               from booking_list
               where org_id = $1 and starts_at >= $2 and starts_at < $3 and status <> 'CANCELLED'),
           named as (
               select 'worker' as sort, lead_worker::text as reference, cents from standing
               union all select 'client', client_id::text, cents from standing
               union all select 'team', team_id::text, cents from standing
               union all select 'service', service, cents from standing),
           summed as (
               select sort, reference, count(*) as bookings, sum(cents)::bigint as cents
               from named where reference is not null group by sort, reference),
           ranked as (
               select s.*, row_number() over (partition by sort order by cents desc, bookings desc, reference) as place
               from summed s)
           select sort as "sort!", reference as "reference!", bookings as "bookings!", cents as "booked_revenue_cents!"
           from ranked where place <= 5 order by sort, place"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
    )
    .fetch_all(db)
    .await
}
