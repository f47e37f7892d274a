//! What events make of the desk.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::customers::client::Client;
use domain::people::worker::Worker;
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent, Party};
use domain::scheduling::dispatch::alert::{AlertEvent, DispatcherAlert};
use domain::scheduling::dispatch::notice::{DispatchNotice, Notice, NoticeEvent};
use domain::scheduling::dispatch::pin::{PinEvent, VisitPin};
use domain::scheduling::dispatch::zones::Zones;
use domain::scheduling::team::Team;
use domain::scheduling::time_off::TimeOff;
use uuid::Uuid;

use crate::{Batch, Parking, Poison};

/// A visit as far as the list does not know it. What is personal stays sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) place: Option<String>,
    pub(super) pin: Option<String>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) actual_minutes: Option<i32>,
    pub(super) cancelled_at: Option<DateTime<Utc>>,
    pub(super) cancelled_by: Option<String>,
    pub(super) position: i64,
}

/// What a batch leaves.
pub(super) struct Desk {
    pub(super) visits: HashMap<Uuid, Row>,
    pub(super) acks: BTreeMap<String, (DateTime<Utc>, i64)>,
    pub(super) notices: BTreeMap<Uuid, (Box<Notice>, i64)>,
    pub(super) moved: Option<i64>,
}

/// Whether a board may look different after it.
pub(super) fn concerns(event: &Recorded) -> bool {
    const KINDS: [&str; 9] = [
        Booking::TYPE,
        Client::TYPE,
        VisitPin::TYPE,
        DispatcherAlert::TYPE,
        DispatchNotice::TYPE,
        Zones::TYPE,
        Team::TYPE,
        TimeOff::TYPE,
        Worker::TYPE,
    ];
    let kind = event.aggregate_type.as_str();
    KINDS.contains(&kind) || (kind == "subject" && event.event_type == "erased")
}

/// The visits that the events of a batch are about.
pub(super) fn visits_in(batch: &Batch<'_>) -> Vec<Uuid> {
    let mut ids = batch.ids_of(Booking::TYPE);
    ids.extend(batch.ids_of(VisitPin::TYPE));
    ids.sort_unstable();
    ids.dedup();
    ids
}

impl Desk {
    pub(super) fn new(visits: HashMap<Uuid, Row>) -> Self {
        Self { visits, acks: BTreeMap::new(), notices: BTreeMap::new(), moved: None }
    }

    pub(super) fn fold(&mut self, events: &[&Recorded]) -> Vec<Poison> {
        let mut parking = Parking::default();
        for &event in events.iter().filter(|event| concerns(event)) {
            if parking.holds(event) {
                continue;
            }
            self.moved = Some(event.position);
            match event.aggregate_type.as_str() {
                Booking::TYPE => self.booking(event, &mut parking),
                VisitPin::TYPE => self.pin(event, &mut parking),
                DispatcherAlert::TYPE => self.alert(event, &mut parking),
                DispatchNotice::TYPE => self.notice(event, &mut parking),
                // They are shown from lists of their own.
                _ => {}
            }
        }
        parking.into_poison()
    }

    fn booking(&mut self, event: &Recorded, parking: &mut Parking) {
        let Some(happened) = parking.unless_broken(event, event.of::<Booking>()) else { return };
        let Ok(id) = event.aggregate_id.parse::<Uuid>() else {
            return parking.park(event, "the id of a booking is a UUID");
        };
        let said = match &happened {
            BookingEvent::Requested(asked) => asked.place.as_ref(),
            BookingEvent::ClientChanged { place, .. }
            | BookingEvent::AddressChanged { place, .. } => place.as_ref(),
            _ => None,
        };
        let Ok(place) = said.map(serde_json::to_string).transpose() else {
            return parking.park(event, "the place does not encode");
        };
        if matches!(happened, BookingEvent::Requested(_)) {
            self.visits.insert(id, Row { place: place.clone(), ..Row::default() });
        }
        let Some(row) = self.visits.get_mut(&id) else {
            return parking.park(event, "the booking was never asked for");
        };
        row.position = event.position;
        row.apply(&happened, place);
    }

    fn pin(&mut self, event: &Recorded, parking: &mut Parking) {
        let Some(happened) = parking.unless_broken(event, event.of::<VisitPin>()) else { return };
        let Some(row) = event.aggregate_id.parse().ok().and_then(|id| self.visits.get_mut(&id))
        else {
            return parking.park(event, "there is no visit at the pin");
        };
        let PinEvent::Placed { point, .. } = happened;
        match serde_json::to_string(&point) {
            Ok(pin) => (row.pin, row.position) = (Some(pin), event.position),
            Err(_) => parking.park(event, "the pin does not encode"),
        }
    }

    fn alert(&mut self, event: &Recorded, parking: &mut Parking) {
        let decoded = event.of::<DispatcherAlert>();
        let Some(happened) = parking.unless_broken(event, decoded) else { return };
        let AlertEvent::Acknowledged { until, .. } = happened;
        self.acks.insert(event.aggregate_id.clone(), (until, event.position));
    }

    fn notice(&mut self, event: &Recorded, parking: &mut Parking) {
        let decoded = event.of::<DispatchNotice>();
        let Some(happened) = parking.unless_broken(event, decoded) else { return };
        let NoticeEvent::Told(notice) = happened;
        self.notices.insert(notice.notice_id, (notice, event.position));
    }
}

impl Row {
    /// `place` is where the event says it is, if it says so.
    fn apply(&mut self, happened: &BookingEvent, place: Option<String>) {
        use BookingEvent as E;

        match happened {
            // The pin stood at the place before.
            E::ClientChanged { .. } => (self.place, self.pin) = (place, None),
            E::AddressChanged { .. } => {
                (self.place, self.pin) = (place.or(self.place.take()), None);
            }
            E::Started { at, .. } => self.started_at = Some(*at),
            E::Completed { actual_minutes, .. } => {
                self.actual_minutes = i32::try_from(*actual_minutes).ok();
            }
            E::Cancelled { by, at, .. } => self.cancel(*by, *at),
            E::Expired { at, .. } => self.cancel(Party::System, *at),
            E::Requested(_)
            | E::RiskAssessed { .. }
            | E::DepositDecided { .. }
            | E::CancellationPolicyFixed { .. }
            | E::Confirmed { .. }
            | E::Rescheduled { .. }
            | E::TeamAssigned { .. }
            | E::CrewAssigned { .. }
            | E::CrewCleared { .. }
            | E::ReminderDue { .. }
            | E::NoShow { .. }
            | E::DepositRequested { .. }
            | E::DepositPaid { .. }
            | E::DepositReturned(_)
            | E::DepositRefunded(_)
            | E::DepositFailed { .. }
            | E::DepositExpired { .. }
            | E::DepositWaived { .. }
            | E::RiskOverridden { .. }
            | E::DepositOverridden { .. }
            | E::CancellationPolicyOverridden { .. }
            | E::CancellationExceptionSet { .. }
            | E::AddonsSet { .. }
            | E::PhotoConsentSet { .. }
            | E::ReasonLogged { .. }
            | E::BaseChargeFixed { .. }
            | E::Archived { .. }
            | E::Unarchived { .. } => {}
        }
    }

    fn cancel(&mut self, by: Party, at: DateTime<Utc>) {
        (self.cancelled_at, self.cancelled_by) = (Some(at), Some(<&str>::from(by).to_owned()));
    }
}
