//! Visits.

use chrono::{DateTime, Utc};
use domain::scheduling::window::Window;
use futures::TryStreamExt;
use sqlx::PgConnection;
use uuid::Uuid;

use super::At;

/// A visit as it was known.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Which.
    pub booking_id: Uuid,
    /// When somebody asked for it, and the event that says so.
    pub requested_at: DateTime<Utc>,
    /// See `requested_at`.
    pub requested_position: i64,
    /// When it was promised.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// See `confirmed_at`.
    pub confirmed_position: Option<i64>,
    /// When it was clean.
    pub completed_at: Option<DateTime<Utc>>,
    /// See `completed_at`.
    pub completed_position: Option<i64>,
    /// When it was called off.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// See `cancelled_at`.
    pub cancelled_position: Option<i64>,
    /// The event that placed it last.
    pub placed_position: i64,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// Where it stands.
    pub status: String,
    /// Who makes it.
    pub team_id: Uuid,
    /// Everybody who goes.
    pub crew: Vec<Uuid>,
    /// For whom.
    pub client_id: Option<Uuid>,
    /// For whoever asked for an offer.
    pub lead_id: Option<Uuid>,
    /// Where.
    pub address_id: Option<Uuid>,
    /// What is cleaned.
    pub service: Option<String>,
    /// What it costs.
    pub total_cents: Option<i64>,
    /// What it costs without extras, once an invoice has fixed that.
    pub base_cents: Option<i64>,
    /// How long it is planned for, extras included.
    pub planned_minutes: i32,
    /// How long it took.
    pub actual_minutes: Option<i32>,
    /// Extras, and of each how many and for how much in all.
    pub addon_ids: Vec<Uuid>,
    /// See `addon_ids`.
    pub addon_qty: Vec<i32>,
    /// See `addon_ids`.
    pub addon_cents: Vec<i64>,
    /// From where whoever asked for an offer came.
    pub source: Option<String>,
    /// The estimate of whoever asked for an offer.
    pub labor_cents: Option<i64>,
}

impl Visit {
    /// What it costs without extras, as far as it is known.
    pub fn base(&self) -> i64 {
        let extras = self.addon_cents.iter().fold(0, |sum: i64, cents| sum.saturating_add(*cents));
        (self.value() - extras).max(0)
    }

    /// What it costs with extras, as far as it is known: what its first invoice charges, or else what was said.
    pub fn value(&self) -> i64 {
        self.base_cents.or(self.total_cents).unwrap_or(0)
    }

    /// Whether it was not called off.
    pub fn stands(&self) -> bool {
        self.status != "CANCELLED"
    }

    /// From its beginning to its end.
    pub fn booked_minutes(&self) -> i64 {
        (self.ends_at - self.starts_at).num_minutes()
    }

    /// For whom, whether they are a client already or not.
    pub fn customer_id(&self) -> Option<Uuid> {
        self.client_id.or(self.lead_id)
    }
}

/// Every visit that was asked for, promised, made or called off in `window`, or begins in it.
pub async fn visits(
    db: &mut PgConnection,
    at: At<'_>,
    window: Window,
    mut each: impl FnMut(Visit),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query_as!(
        Visit,
        r#"select v.booking_id, v.requested_at, v.requested_position, v.confirmed_at, v.confirmed_position, v.completed_at,
                  v.completed_position, v.cancelled_at, v.cancelled_position, v.placed_position, v.starts_at, v.ends_at,
                  v.status, v.team_id, v.crew, v.client_id, v.lead_id, v.address_id, v.service, v.total_cents, v.base_cents,
                  v.planned_minutes, v.actual_minutes, v.addon_ids, v.addon_qty, v.addon_cents, l.source as "source?",
                  l.labor_cents as "labor_cents?"
           from visit_versions v
           left join lead_versions l on l.org_id = v.org_id and l.lead_id = v.lead_id and l.position <= $2
                                        and (l.until is null or l.until > $2)
           where v.org_id = $1 and v.position <= $2 and (v.until is null or v.until > $2)
             and ((v.starts_at >= $3 and v.starts_at < $4) or (v.requested_at >= $3 and v.requested_at < $4)
                  or (v.confirmed_at >= $3 and v.confirmed_at < $4) or (v.completed_at >= $3 and v.completed_at < $4)
                  or (v.cancelled_at >= $3 and v.cancelled_at < $4))
           order by v.requested_position"#,
        at.org.as_uuid(),
        at.position,
        window.starts_at,
        window.ends_at,
    )
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        each(row);
    }
    Ok(())
}

/// A visit that was not called off, for somebody.
#[derive(Clone, Copy, Debug)]
pub struct Stay {
    /// Which.
    pub booking_id: Uuid,
    /// For whom, whether they were a client already or not.
    pub customer_id: Uuid,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// The event that placed it last.
    pub position: i64,
}

/// Every visit that was not called off, for whoever it is, as they begin; those that begin at `until` or later are left out.
pub async fn stays(
    db: &mut PgConnection,
    at: At<'_>,
    until: DateTime<Utc>,
    mut each: impl FnMut(Stay),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query_as!(
        Stay,
        r#"select v.booking_id, coalesce(v.client_id, v.lead_id) as "customer_id!", v.starts_at,
                  v.placed_position as position
           from visit_versions v
           where v.org_id = $1 and v.position <= $2 and (v.until is null or v.until > $2) and v.status <> 'CANCELLED'
             and v.starts_at < $3 and (v.client_id is not null or v.lead_id is not null)
           order by v.starts_at, v.booking_id"#,
        at.org.as_uuid(),
        at.position,
        until,
    )
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        each(row);
    }
    Ok(())
}
