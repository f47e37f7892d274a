//! Whoever asked for an offer, and offers.

use chrono::{DateTime, Utc};
use domain::scheduling::window::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use super::At;

/// Somebody who asked for an offer. `Debug` shows nothing of them.
#[derive(Clone)]
pub struct Lead {
    /// Who.
    pub lead_id: Uuid,
    /// When they asked, and the event that says so.
    pub submitted_at: DateTime<Utc>,
    /// See `submitted_at`.
    pub submitted_position: i64,
    /// When they were lost.
    pub lost_at: Option<DateTime<Utc>>,
    /// See `lost_at`.
    pub lost_position: Option<i64>,
    /// From where they came; `None` of whoever was erased.
    pub source: Option<String>,
    /// By which way.
    pub path: Option<String>,
    /// Why they were lost, in the words of staff.
    pub loss_reason: Option<String>,
    /// What they were told that it would cost.
    pub estimate_cents: i64,
}

impl std::fmt::Debug for Lead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lead({})", self.lead_id)
    }
}

/// Everybody who asked for an offer in `window`, or was lost in it.
pub async fn leads(
    db: &mut PgConnection,
    at: At<'_>,
    window: Window,
) -> Result<Vec<Lead>, sqlx::Error> {
    sqlx::query_as!(
        Lead,
        "select lead_id, submitted_at, submitted_position, lost_at, lost_position, source, path, loss_reason, estimate_cents
         from lead_versions
         where org_id = $1 and position <= $2 and (until is null or until > $2)
           and ((submitted_at >= $3 and submitted_at < $4) or (lost_at >= $3 and lost_at < $4))
         order by submitted_position",
        at.org.as_uuid(),
        at.position,
        window.starts_at,
        window.ends_at,
    )
    .fetch_all(db)
    .await
}

/// An offer that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// Which.
    pub quote_id: Uuid,
    /// When it was sent first.
    pub at: DateTime<Utc>,
    /// The event that says so.
    pub position: i64,
}

/// Every offer that was sent first in `window`.
pub async fn offers(
    db: &mut PgConnection,
    at: At<'_>,
    window: Window,
) -> Result<Vec<Offer>, sqlx::Error> {
    sqlx::query_as!(
        Offer,
        "select quote_id, at, position from offer_facts
         where org_id = $1 and position <= $2 and at >= $3 and at < $4 order by position",
        at.org.as_uuid(),
        at.position,
        window.starts_at,
        window.ends_at,
    )
    .fetch_all(db)
    .await
}
