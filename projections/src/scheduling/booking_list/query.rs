//! Searches the list.

use chrono::{DateTime, Utc};
use domain::id::{BookingId, ClientId, LeadId, OrgId, TeamId};
use domain::scheduling::terms::risk::History;
use domain::scheduling::window::Window;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// Bookings on a page at most.
pub const PAGE: i64 = 500;

/// Which bookings are asked for; what is `None` does not matter. `Debug` does not show the name that is looked for.
#[derive(Clone)]
pub struct Filter {
    /// They start in this span.
    pub between: Window,
    /// Where they stand; none is anywhere.
    pub status: Vec<String>,
    /// By which team.
    pub team: Option<Uuid>,
    /// With whom.
    pub worker: Option<Uuid>,
    /// For whom.
    pub client: Option<Uuid>,
    /// Part of name, e-mail, phone or id of the customer or the booking, in any case.
    pub query: Option<String>,
    /// Also those that are out of sight.
    pub archived: bool,
}

impl Default for Filter {
    fn default() -> Self {
        let (status, query) = (Vec::new(), None);
        Self {
            between: ALWAYS,
            status,
            team: None,
            worker: None,
            client: None,
            query,
            archived: false,
        }
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter({:?}, {:?})", self.between, self.status)
    }
}

/// Wider than any calendar, and no wider than the database reckons.
pub const ALWAYS: Window = Window {
    starts_at: DateTime::UNIX_EPOCH,
    // The year 9999.
    ends_at: match DateTime::from_timestamp(253_370_764_800, 0) {
        Some(end) => end,
        None => DateTime::<Utc>::MAX_UTC,
    },
};

/// Which comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The visit that starts first.
    #[default]
    Earliest,
    /// The visit that starts last.
    Latest,
}

/// The booking behind which a page begins.
pub type After = Option<(DateTime<Utc>, Uuid)>;

/// One line of the list. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    pub booking_id: Uuid,
    pub lead_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub duration_minutes: i32,
    pub status: String,
    pub lead_name: String,
    pub lead_email: Option<String>,
    pub team_id: Uuid,
    pub assigned_worker_id: Option<Uuid>,
    pub crew: Vec<Uuid>,
    pub service_type: Option<String>,
    pub total_cents: Option<i64>,
    pub deposit_status: Option<String>,
    pub risk_band: Option<String>,
    pub origin: String,
    pub created_at: DateTime<Utc>,
    pub archived_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({}, {})", self.booking_id, self.status)
    }
}

/// The bookings that match, in `order`.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    (order, after): (Order, After),
    limit: i64,
) -> Result<Vec<Item>, sqlx::Error> {
    match order {
        Order::Earliest => earliest(db, org, filter, after, limit).await,
        Order::Latest => latest(db, org, filter, after, limit).await,
    }
}

async fn earliest(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Item>, sqlx::Error> {
    let (after_at, after_id) = after.unwrap_or((ALWAYS.starts_at, Uuid::nil()));
    sqlx::query_as!(
        Item,
        r#"select booking_id, lead_id, client_id, starts_at, ends_at,
                  (extract(epoch from ends_at - starts_at) / 60)::integer as "duration_minutes!", status,
                  customer_name as lead_name, customer_email as lead_email, team_id, lead_worker as assigned_worker_id,
                  crew, service as service_type, total_cents, deposit_status, risk_band, origin, created_at, archived_at
           from booking_list
           where org_id = $1 and starts_at >= $2 and starts_at < $3 and (cardinality($4::text[]) = 0 or status = any($4))
             and ($5::uuid is null or team_id = $5) and ($6::uuid is null or $6 = any(crew))
             and ($7::uuid is null or client_id = $7
                  or client_id in (select subject_id from booking_customers where org_id = $1 and merged_into = $7)) and ($8::text is null or position($8 in search) > 0)
             and ($9 or archived_at is null) and (starts_at, booking_id) > ($10, $11)
           order by starts_at, booking_id limit $12"#,
        org.as_uuid(),
        filter.between.starts_at,
        filter.between.ends_at,
        &filter.status,
        filter.team,
        filter.worker,
        filter.client,
        filter.query.as_ref().map(|query| query.to_lowercase()),
        filter.archived,
        after_at,
        after_id,
        limit,
    )
    .fetch_all(db)
    .await
}

async fn latest(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Item>, sqlx::Error> {
    let (after_at, after_id) = after.unwrap_or((ALWAYS.ends_at, Uuid::max()));
    sqlx::query_as!(
        Item,
        r#"select booking_id, lead_id, client_id, starts_at, ends_at,
                  (extract(epoch from ends_at - starts_at) / 60)::integer as "duration_minutes!", status,
                  customer_name as lead_name, customer_email as lead_email, team_id, lead_worker as assigned_worker_id,
                  crew, service as service_type, total_cents, deposit_status, risk_band, origin, created_at, archived_at
           from booking_list
           where org_id = $1 and starts_at >= $2 and starts_at < $3 and (cardinality($4::text[]) = 0 or status = any($4))
             and ($5::uuid is null or team_id = $5) and ($6::uuid is null or $6 = any(crew))
             and ($7::uuid is null or client_id = $7
                  or client_id in (select subject_id from booking_customers where org_id = $1 and merged_into = $7)) and ($8::text is null or position($8 in search) > 0)
             and ($9 or archived_at is null) and (starts_at, booking_id) < ($10, $11)
           order by starts_at desc, booking_id desc limit $12"#,
        org.as_uuid(),
        filter.between.starts_at,
        filter.between.ends_at,
        &filter.status,
        filter.team,
        filter.worker,
        filter.client,
        filter.query.as_ref().map(|query| query.to_lowercase()),
        filter.archived,
        after_at,
        after_id,
        limit,
    )
    .fetch_all(db)
    .await
}

/// How many bookings match on all pages.
pub async fn count(db: &mut PgConnection, org: OrgId, filter: &Filter) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from booking_list
           where org_id = $1 and starts_at >= $2 and starts_at < $3 and (cardinality($4::text[]) = 0 or status = any($4))
             and ($5::uuid is null or team_id = $5) and ($6::uuid is null or $6 = any(crew))
             and ($7::uuid is null or client_id = $7
                  or client_id in (select subject_id from booking_customers where org_id = $1 and merged_into = $7)) and ($8::text is null or position($8 in search) > 0)
             and ($9 or archived_at is null)"#,
        org.as_uuid(),
        filter.between.starts_at,
        filter.between.ends_at,
        &filter.status,
        filter.team,
        filter.worker,
        filter.client,
        filter.query.as_ref().map(|query| query.to_lowercase()),
        filter.archived,
    )
    .fetch_one(db)
    .await
}

/// The visits that a team still has to make.
pub async fn still_to_make(
    db: &mut PgConnection,
    org: OrgId,
    team: TeamId,
    now: DateTime<Utc>,
) -> Result<Vec<BookingId>, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        "select booking_id from booking_list
         where org_id = $1 and team_id = $2 and ends_at > $3 and status in ('PENDING', 'CONFIRMED', 'IN_PROGRESS')
         order by starts_at, booking_id",
        org.as_uuid(),
        team.as_uuid(),
        now,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(BookingId::from).collect())
}

/// What is known about whoever asks: how often they were visited, and how often they cancelled.
pub async fn history(
    db: &mut PgConnection,
    org: OrgId,
    client: Option<ClientId>,
    lead: Option<LeadId>,
) -> Result<History, sqlx::Error> {
    let row = sqlx::query!(
        r#"select count(*) filter (where status in ('CONFIRMED', 'IN_PROGRESS', 'DONE')) as "visits!",
                  count(*) filter (where status = 'CANCELLED') as "cancelled!"
           from booking_list
           where org_id = $1 and (client_id = $2 or lead_id = $3
              or client_id in (select subject_id from booking_customers where org_id = $1 and merged_into = $2))"#,
        org.as_uuid(),
        client.map(ClientId::as_uuid),
        lead.map(LeadId::as_uuid),
    )
    .fetch_one(db)
    .await?;
    let cancelled = u32::try_from(row.cancelled).unwrap_or(u32::MAX);
    Ok(History { was_visited: row.visits > 0, cancelled, postal_code: None })
}

/// Whom to write to about a visit, and about what.
#[derive(Clone, PartialEq, Eq)]
pub struct Addressee {
    /// As it is shown: the placeholder if they were erased.
    pub name: String,
    /// Where to.
    pub email: Option<String>,
    /// When somebody comes.
    pub starts_at: DateTime<Utc>,
    /// Whether somebody does.
    pub status: String,
}

impl std::fmt::Debug for Addressee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Addressee({} at {})", self.status, self.starts_at)
    }
}

/// Whom a booking is for, as of now.
pub async fn addressee(
    db: &mut PgConnection,
    org: OrgId,
    booking: BookingId,
) -> Result<Option<Addressee>, sqlx::Error> {
    sqlx::query_as!(
        Addressee,
        "select customer_name as name, customer_email as email, starts_at, status
         from booking_list where org_id = $1 and booking_id = $2",
        org.as_uuid(),
        booking.as_uuid(),
    )
    .fetch_optional(db)
    .await
}
