//! What every visit was at every position of the log: when it was asked for, promised, made or called off, by whom, for how
//! much. Nothing personal stands in it.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::{AddressId, ClientId, LeadId};
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent, Placement, Requested, Status};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::versions::{Version, Versions};
use crate::{Batch, Parking, Poison, Projection};

/// Keeps the `visit_versions` table.
#[derive(Debug)]
pub struct ReportVisits;

impl Projection for ReportVisits {
    const NAME: &'static str = "report_visits";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["visit_versions"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let ids = batch.ids_of(Booking::TYPE);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = Versions::<Row>::load(&mut *db, batch.org, &ids).await?;
        let poison = fold(&mut rows, batch.events);
        rows.write(db, batch.org).await?;
        Ok(poison)
    }
}

/// A row of `visit_versions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    org_id: Uuid,
    booking_id: Uuid,
    position: i64,
    until: Option<i64>,
    requested_at: DateTime<Utc>,
    confirmed_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    requested_position: i64,
    confirmed_position: Option<i64>,
    completed_position: Option<i64>,
    cancelled_position: Option<i64>,
    placed_position: i64,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    status: String,
    team_id: Uuid,
    crew: Vec<Uuid>,
    client_id: Option<Uuid>,
    lead_id: Option<Uuid>,
    address_id: Option<Uuid>,
    service: Option<String>,
    total_cents: Option<i64>,
    base_cents: Option<i64>,
    planned_minutes: i32,
    actual_minutes: Option<i32>,
    addon_ids: Vec<Uuid>,
    addon_qty: Vec<i32>,
    addon_cents: Vec<i64>,
}

impl Version for Row {
    const TABLE: &'static str = "visit_versions";
    const ID: &'static str = "booking_id";

    fn id(&self) -> Uuid {
        self.booking_id
    }

    fn span(&mut self) -> (&mut i64, &mut Option<i64>) {
        (&mut self.position, &mut self.until)
    }
}

/// More is a slip of the pen.
fn minutes(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

impl Row {
    fn requested(asked: &Requested, event: &Recorded) -> Self {
        let mut row = Self {
            org_id: event.org.as_uuid(),
            booking_id: asked.booking_id.as_uuid(),
            position: event.position,
            until: None,
            requested_at: asked.at,
            confirmed_at: None,
            completed_at: None,
            cancelled_at: None,
            requested_position: event.position,
            confirmed_position: None,
            completed_position: None,
            cancelled_position: None,
            placed_position: event.position,
            starts_at: asked.at,
            ends_at: asked.at,
            status: Status::Pending.to_string(),
            team_id: Uuid::nil(),
            crew: Vec::new(),
            client_id: asked.client.map(ClientId::as_uuid),
            lead_id: asked.lead.map(LeadId::as_uuid),
            address_id: asked.address.map(AddressId::as_uuid),
            service: asked.service.map(|service| <&str>::from(service).to_owned()),
            total_cents: asked.total_cents,
            base_cents: None,
            planned_minutes: 0,
            actual_minutes: None,
            addon_ids: Vec::new(),
            addon_qty: Vec::new(),
            addon_cents: Vec::new(),
        };
        row.placed(&asked.placement, event.position);
        row
    }

    fn placed(&mut self, placement: &Placement, position: i64) {
        let span = |from: DateTime<Utc>, until: DateTime<Utc>| (until - from).num_minutes();
        let before = span(self.starts_at, self.ends_at);
        let now = i64::from(placement.window.minutes());
        // Extras that do not fit into the visit stay planned for, however long it is.
        let planned = (i64::from(self.planned_minutes) + now - before).max(now);
        self.planned_minutes = i32::try_from(planned).unwrap_or(i32::MAX);
        self.starts_at = placement.window.starts_at;
        self.ends_at = placement.window.ends_at;
        self.team_id = placement.team.as_uuid();
        self.crew = placement.crew.iter().map(|worker| worker.as_uuid()).collect();
        self.placed_position = position;
    }

    fn is_now(&mut self, status: Status) {
        self.status = status.to_string();
    }

    /// Whether `happened` says anything that is reported.
    fn apply(&mut self, happened: &BookingEvent, position: i64) -> bool {
        use BookingEvent as E;

        match happened {
            E::Confirmed { at, .. } => {
                self.is_now(Status::Confirmed);
                (self.confirmed_at, self.confirmed_position) = (Some(*at), Some(position));
            }
            E::Started { .. } => self.is_now(Status::InProgress),
            E::Completed { actual_minutes, at } => {
                self.is_now(Status::Done);
                self.actual_minutes = Some(minutes(*actual_minutes));
                (self.completed_at, self.completed_position) = (Some(*at), Some(position));
            }
            E::Cancelled { at, .. } | E::Expired { at, .. } => {
                self.is_now(Status::Cancelled);
                (self.cancelled_at, self.cancelled_position) = (Some(*at), Some(position));
            }
            E::Rescheduled { placement, .. }
            | E::TeamAssigned { placement, .. }
            | E::CrewAssigned { placement, .. }
            | E::CrewCleared { placement, .. } => self.placed(placement, position),
            E::AddonsSet { lines, planned_minutes, total_cents, .. } => {
                self.total_cents = total_cents.or(self.total_cents);
                self.planned_minutes = minutes(*planned_minutes);
                self.addon_ids = lines.iter().map(|line| line.addon_id).collect();
                self.addon_qty = lines.iter().map(|line| line.qty.into()).collect();
                let cents = lines.iter().map(|line| i64::from(line.qty) * line.unit_price_cents);
                self.addon_cents = cents.collect();
            }
            E::BaseChargeFixed { amount_cents, .. } => self.base_cents = Some(*amount_cents),
            E::ClientChanged { client, address, .. } => {
                self.client_id = Some(client.as_uuid());
                self.address_id = address.map(AddressId::as_uuid);
            }
            E::AddressChanged { address, .. } => self.address_id = Some(address.as_uuid()),
            E::Requested(_)
            | E::RiskAssessed { .. }
            | E::RiskOverridden { .. }
            | E::DepositDecided { .. }
            | E::DepositOverridden { .. }
            | E::DepositWaived { .. }
            | E::DepositRequested { .. }
            | E::DepositPaid { .. }
            | E::DepositReturned(_)
            | E::DepositRefunded(_)
            | E::DepositFailed { .. }
            | E::DepositExpired { .. }
            | E::CancellationPolicyFixed { .. }
            | E::ReminderDue { .. }
            | E::NoShow { .. }
            | E::CancellationPolicyOverridden { .. }
            | E::CancellationExceptionSet { .. }
            | E::PhotoConsentSet { .. }
            | E::ReasonLogged { .. }
            | E::Archived { .. }
            | E::Unarchived { .. } => return false,
        }
        true
    }
}

fn fold(rows: &mut Versions<Row>, events: &[&Recorded]) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if event.aggregate_type != Booking::TYPE || parking.holds(event) {
            continue;
        }
        let Some(happened) = parking.unless_broken(event, event.of::<Booking>()) else { continue };
        let Ok(id) = event.aggregate_id.parse::<Uuid>() else {
            parking.park(event, "the id of a booking is a UUID");
            continue;
        };
        if let BookingEvent::Requested(asked) = &happened {
            rows.put(Row::requested(asked, event), event.position);
            continue;
        }
        let Some(mut row) = rows.get(id).cloned() else {
            parking.park(event, "the booking was never asked for");
            continue;
        };
        if row.apply(&happened, event.position) {
            rows.put(row, event.position);
        }
    }
    parking.into_poison()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::booked;

    #[test]
    fn every_change_ends_what_was_before_it_however_the_log_is_cut() {
        let log = booked();
        let mut rows = Versions::default();
        assert_eq!(fold(&mut rows, &log.iter().collect::<Vec<_>>()), []);
        let spans = |rows: &Versions<Row>| {
            let all = rows.rows();
            let spans = all.iter().map(|row| (row.status.clone(), row.position, row.until));
            spans.collect::<Vec<_>>()
        };
        let whole = [("PENDING", 2, Some(3)), ("CONFIRMED", 3, Some(4)), ("CANCELLED", 4, None)];
        let whole = whole.map(|(status, from, until)| (status.to_owned(), from, until));
        assert_eq!(spans(&rows), whole);
        assert_eq!(rows.rows()[2].cancelled_position, Some(4));
        let mut parts = Versions::default();
        for event in &log {
            assert_eq!(fold(&mut parts, &[event]), []);
        }
        assert_eq!(spans(&parts), whole);
    }

    #[test]
    fn a_visit_that_was_never_asked_for_is_parked() {
        let log = booked();
        let poison = fold(&mut Versions::default(), &[&log[1]]);
        assert_eq!(poison[0].reason, "the booking was never asked for");
    }
}
