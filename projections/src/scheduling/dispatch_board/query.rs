//! The visits of a day as the board shows them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::id::{BookingId, OrgId};
use domain::personal;
use domain::scheduling::dispatch::point::Point;
use domain::scheduling::window::Window;
use domain::seal::{self, MasterKeys};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::subject_keys;

/// A visit on the board. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq)]
pub struct Visit {
    /// Which.
    pub booking_id: Uuid,
    /// Where it stands.
    pub status: String,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// First instant after it.
    pub ends_at: DateTime<Utc>,
    /// The team that comes.
    pub team_id: Uuid,
    /// Who leads.
    pub lead_worker: Option<Uuid>,
    /// Everybody who comes.
    pub crew: Vec<Uuid>,
    /// For which client.
    pub client_id: Option<Uuid>,
    /// From which request.
    pub lead_id: Option<Uuid>,
    /// Whose home it is.
    pub name: String,
    /// As typed.
    pub phone: Option<String>,
    /// What is cleaned.
    pub service: Option<String>,
    /// What it costs.
    pub total_cents: Option<i64>,
    /// Since when it is out of sight.
    pub archived_at: Option<DateTime<Utc>>,
    /// When anything last happened to it.
    pub updated_at: DateTime<Utc>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// An address of the customer.
    pub place: Option<String>,
    /// On the map.
    pub pin: Option<Point>,
    /// When somebody began.
    pub started_at: Option<DateTime<Utc>>,
    /// How long it took.
    pub actual_minutes: Option<i32>,
    /// When it was called off.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// By whom.
    pub cancelled_by: Option<String>,
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Visit({}, {})", self.booking_id, self.status)
    }
}

impl Visit {
    /// When.
    pub const fn window(&self) -> Window {
        Window { starts_at: self.starts_at, ends_at: self.ends_at }
    }
}

struct Found {
    booking_id: Uuid,
    status: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    team_id: Uuid,
    lead_worker: Option<Uuid>,
    crew: Vec<Uuid>,
    client_id: Option<Uuid>,
    lead_id: Option<Uuid>,
    name: String,
    phone: Option<String>,
    service: Option<String>,
    total_cents: Option<i64>,
    archived_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    place: Option<Value>,
    known: Option<String>,
    contact: Option<Value>,
    pin: Option<Value>,
    started_at: Option<DateTime<Utc>>,
    actual_minutes: Option<i32>,
    cancelled_at: Option<DateTime<Utc>>,
    cancelled_by: Option<String>,
}

/// The visits that begin in `span`, in order, at most `limit`; with those of `booking` alone if it is named.
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer.
pub async fn day(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    (span, booking): (Window, Option<BookingId>),
    limit: i64,
) -> Result<Vec<Visit>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Found,
        r#"select b.booking_id, b.status, b.starts_at, b.ends_at, b.team_id, b.lead_worker, b.crew, b.client_id, b.lead_id,
                  b.customer_name as name, b.customer_phone as phone, b.service, b.total_cents, b.archived_at,
                  b.updated_at, b.created_at, d.place as "place?", c.address as "known?", l.state #> '{Known,submitted,contact}' as "contact?",
                  d.pin as "pin?", d.started_at as "started_at?", d.actual_minutes as "actual_minutes?",
                  d.cancelled_at as "cancelled_at?", d.cancelled_by as "cancelled_by?"
           from booking_list b
           left join dispatch_visits d on d.org_id = b.org_id and d.booking_id = b.booking_id
           left join client_list c on c.org_id = b.org_id and c.client_id = b.client_id and d.place is null
           left join lead_detail l on l.org_id = b.org_id and l.lead_id = b.lead_id and d.place is null
           where b.org_id = $1 and b.starts_at >= $2 and b.starts_at < $3 and ($4::uuid is null or b.booking_id = $4)
           order by b.starts_at, b.booking_id limit $5"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
        booking.map(BookingId::as_uuid),
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    opened(db, masters, org, rows).await
}

/// The visits that customers called off in `span`, whenever they would have been, at most `limit`.
pub async fn called_off(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
    limit: i64,
) -> Result<Vec<Visit>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Found,
        r#"select b.booking_id, b.status, b.starts_at, b.ends_at, b.team_id, b.lead_worker, b.crew, b.client_id, b.lead_id,
                  b.customer_name as name, b.customer_phone as phone, b.service, b.total_cents, b.archived_at,
                  b.updated_at, b.created_at, null::json as "place?", null::text as "known?", null::json as "contact?", null::json as "pin?",
                  d.started_at, d.actual_minutes, d.cancelled_at, d.cancelled_by
           from dispatch_visits d
           join booking_list b on b.org_id = d.org_id and b.booking_id = d.booking_id
           where d.org_id = $1 and d.cancelled_at >= $2 and d.cancelled_at < $3 and d.cancelled_by = 'client'
           order by d.cancelled_at, d.booking_id limit $4"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    Ok(rows.into_iter().map(|row| shown(row, None, None)).collect())
}

/// The alerts that somebody has seen a moment ago.
pub async fn hidden_alerts(
    db: &mut PgConnection,
    org: OrgId,
    now: DateTime<Utc>,
) -> Result<HashSet<String>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "select alert_id from dispatch_acks where org_id = $1 and until > $2",
        org.as_uuid(),
        now,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().collect())
}

async fn opened(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    rows: Vec<Found>,
) -> Result<Vec<Visit>, sqlx::Error> {
    let mut subjects = Vec::new();
    for sealed in rows.iter().flat_map(|row| [&row.place, &row.contact, &row.pin]).flatten() {
        personal::subjects_in(sealed, &mut subjects);
    }
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    let mut visits = Vec::with_capacity(rows.len());
    for mut row in rows {
        let open = |sealed: Option<Value>| -> Result<Option<Value>, sqlx::Error> {
            let Some(mut value) = sealed else { return Ok(None) };
            seal::open_all(&mut value, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
            personal::reveal(&mut value);
            Ok(Some(value))
        };
        let (place, contact, pin) =
            (open(row.place.take())?, open(row.contact.take())?, open(row.pin.take())?);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let place = place.as_ref().and_then(text);
        // Where the customer lives, or what they said when they asked for an offer, where nothing was said about the visit.
        let known = row.known.take();
        let asked = contact.as_ref().and_then(|contact| text(&contact["address"]));
        let erased = contact.as_ref().and_then(text);
        let pin = pin.and_then(|pin| serde_json::from_value(pin).ok());
        visits.push(shown(row, place.or(known).or(asked).or(erased), pin));
    }
    Ok(visits)
}

fn shown(row: Found, place: Option<String>, pin: Option<Point>) -> Visit {
    Visit {
        booking_id: row.booking_id,
        status: row.status,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        team_id: row.team_id,
        lead_worker: row.lead_worker,
        crew: row.crew,
        client_id: row.client_id,
        lead_id: row.lead_id,
        name: row.name,
        phone: row.phone,
        service: row.service,
        total_cents: row.total_cents,
        archived_at: row.archived_at,
        updated_at: row.updated_at,
        created_at: row.created_at,
        place,
        pin,
        started_at: row.started_at,
        actual_minutes: row.actual_minutes,
        cancelled_at: row.cancelled_at,
        cancelled_by: row.cancelled_by,
    }
}
