//! The visits of a day as the board shows them.

use std::collections::{HashMap, HashSet};

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

/// What lists say of a visit.
struct Listed {
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
}

/// What the board knows beside it.
struct Known {
    booking_id: Uuid,
    place: Option<Value>,
    pin: Option<Value>,
    started_at: Option<DateTime<Utc>>,
    actual_minutes: Option<i32>,
    cancelled_at: Option<DateTime<Utc>>,
    cancelled_by: Option<String>,
}

/// Where customers live, or what they said when they asked for an offer.
#[derive(Default)]
struct Homes {
    clients: HashMap<Uuid, String>,
    leads: HashMap<Uuid, Value>,
}

/// The visits that begin in `span`, in order, at most `limit`; with those of `booking` alone if it is named.
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer. Each table is asked
/// once, by key: a join of all of them reads every client of the organisation again for each visit, as long as nobody
/// has counted them.
pub async fn day(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    (span, booking): (Window, Option<BookingId>),
    limit: i64,
) -> Result<Vec<Visit>, sqlx::Error> {
    let listed = sqlx::query_as!(
        Listed,
        r#"select booking_id, status, starts_at, ends_at, team_id, lead_worker, crew, client_id, lead_id,
                  customer_name as name, customer_phone as phone, service, total_cents, archived_at, updated_at, created_at
           from booking_list
           where org_id = $1 and starts_at >= $2 and starts_at < $3 and ($4::uuid is null or booking_id = $4)
           order by starts_at, booking_id limit $5"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
        booking.map(BookingId::as_uuid),
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    let ids: Vec<Uuid> = listed.iter().map(|row| row.booking_id).collect();
    let known = sqlx::query_as!(
        Known,
        "select booking_id, place, pin, started_at, actual_minutes, cancelled_at, cancelled_by
         from dispatch_visits where org_id = $1 and booking_id = any ($2)",
        org.as_uuid(),
        &ids,
    )
    .fetch_all(&mut *db)
    .await?;
    let mut known: HashMap<Uuid, Known> =
        known.into_iter().map(|row| (row.booking_id, row)).collect();
    let rows: Vec<_> = listed
        .into_iter()
        .map(|row| {
            let beside = known.remove(&row.booking_id);
            (row, beside)
        })
        .collect();
    let homeless: Vec<&Listed> = rows
        .iter()
        .filter(|(_, known)| known.as_ref().is_none_or(|known| known.place.is_none()))
        .map(|(row, _)| row)
        .collect();
    let homes = homes(db, org, &homeless).await?;
    opened(db, masters, org, rows, homes).await
}

/// Where the customers of these visits live.
async fn homes(
    db: &mut PgConnection,
    org: OrgId,
    visits: &[&Listed],
) -> Result<Homes, sqlx::Error> {
    let clients: Vec<Uuid> = visits.iter().filter_map(|row| row.client_id).collect();
    let leads: Vec<Uuid> = visits.iter().filter_map(|row| row.lead_id).collect();
    let mut homes = Homes::default();
    if !clients.is_empty() {
        let rows = sqlx::query!(
            r#"select client_id, address as "address!" from client_list
               where org_id = $1 and client_id = any ($2) and address is not null"#,
            org.as_uuid(),
            &clients,
        )
        .fetch_all(&mut *db)
        .await?;
        homes.clients = rows.into_iter().map(|row| (row.client_id, row.address)).collect();
    }
    if !leads.is_empty() {
        let rows = sqlx::query!(
            r#"select lead_id, state #> '{Known,submitted,contact}' as "contact?" from lead_detail
               where org_id = $1 and lead_id = any ($2)"#,
            org.as_uuid(),
            &leads,
        )
        .fetch_all(&mut *db)
        .await?;
        homes.leads =
            rows.into_iter().filter_map(|row| Some((row.lead_id, row.contact?))).collect();
    }
    Ok(homes)
}

/// The visits that customers called off in `span`, whenever they would have been, at most `limit`.
pub async fn called_off(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
    limit: i64,
) -> Result<Vec<Visit>, sqlx::Error> {
    let known = sqlx::query_as!(
        Known,
        r#"select booking_id, null::json as "place?", null::json as "pin?", started_at, actual_minutes, cancelled_at, cancelled_by
           from dispatch_visits
           where org_id = $1 and cancelled_at >= $2 and cancelled_at < $3 and cancelled_by = 'client'
           order by cancelled_at, booking_id limit $4"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    let ids: Vec<Uuid> = known.iter().map(|row| row.booking_id).collect();
    let listed = sqlx::query_as!(
        Listed,
        r#"select booking_id, status, starts_at, ends_at, team_id, lead_worker, crew, client_id, lead_id,
                  customer_name as name, customer_phone as phone, service, total_cents, archived_at, updated_at, created_at
           from booking_list where org_id = $1 and booking_id = any ($2)"#,
        org.as_uuid(),
        &ids,
    )
    .fetch_all(db)
    .await?;
    let mut listed: HashMap<Uuid, Listed> =
        listed.into_iter().map(|row| (row.booking_id, row)).collect();
    let visit = |known: Known| {
        let row = listed.remove(&known.booking_id)?;
        Some(shown(row, Some(known), None, None))
    };
    Ok(known.into_iter().filter_map(visit).collect())
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
    rows: Vec<(Listed, Option<Known>)>,
    mut homes: Homes,
) -> Result<Vec<Visit>, sqlx::Error> {
    let mut subjects = Vec::new();
    let beside = rows.iter().filter_map(|(_, known)| known.as_ref());
    let sealed = beside.flat_map(|known| [&known.place, &known.pin]).flatten();
    for sealed in sealed.chain(homes.leads.values()) {
        personal::subjects_in(sealed, &mut subjects);
    }
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    let open = |sealed: Option<Value>| -> Result<Option<Value>, sqlx::Error> {
        let Some(mut value) = sealed else { return Ok(None) };
        seal::open_all(&mut value, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
        personal::reveal(&mut value);
        Ok(Some(value))
    };
    for contact in homes.leads.values_mut() {
        *contact = open(Some(contact.take()))?.unwrap_or_default();
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut visits = Vec::with_capacity(rows.len());
    for (row, mut known) in rows {
        let (place, pin) = match &mut known {
            Some(known) => (open(known.place.take())?, open(known.pin.take())?),
            None => (None, None),
        };
        // Where the customer lives, or what they said when they asked for an offer, where nothing was said about the
        // visit; of whoever was erased there is one word for all of it.
        let home = || {
            let lives = row.client_id.and_then(|id| homes.clients.get(&id).cloned());
            let asked = row.lead_id.and_then(|id| homes.leads.get(&id));
            lives.or_else(|| asked.and_then(|contact| text(&contact["address"]).or(text(contact))))
        };
        let place = place.as_ref().and_then(text).or_else(home);
        let pin = pin.and_then(|pin| serde_json::from_value(pin).ok());
        visits.push(shown(row, known, place, pin));
    }
    Ok(visits)
}

fn shown(row: Listed, known: Option<Known>, place: Option<String>, pin: Option<Point>) -> Visit {
    let (started_at, actual_minutes, cancelled_at, cancelled_by) = match known {
        Some(known) => {
            (known.started_at, known.actual_minutes, known.cancelled_at, known.cancelled_by)
        }
        None => (None, None, None, None),
    };
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
        started_at,
        actual_minutes,
        cancelled_at,
        cancelled_by,
    }
}
