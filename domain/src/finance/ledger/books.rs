//! What the ledger must know of an organisation to book anything: its clock, its money, and which months are closed.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::finance::month::Month;
use crate::finance::period::PeriodEvent;
use crate::settings::org::{Currency, OrgSettingsEvent};
use crate::settings::zone;

/// As they are at one place of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// IANA time zone.
    pub zone: String,
    /// What prices are in.
    pub currency: Currency,
    /// Into these nothing is booked.
    pub closed: BTreeSet<Month>,
}

impl Books {
    /// Those of an organisation that was registered with this zone.
    pub fn of(zone: String) -> Self {
        Self { zone, ..Self::default() }
    }

    fn clock(&self) -> Tz {
        zone::find(&self.zone).unwrap_or(zone::DEFAULT)
    }

    /// The day of an instant on the clock of the organisation.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.clock()).date_naive()
    }

    /// The day on which something is booked that belongs to `wanted` and is written down `at`.
    pub(super) fn day(&self, wanted: NaiveDate, at: DateTime<Utc>) -> NaiveDate {
        let is_open = |day: NaiveDate| !self.closed.contains(&Month::of(day));
        if is_open(wanted) {
            return wanted;
        }
        let own = self.local(at);
        // History that is told afterwards may have closed that month too.
        let mut later = std::iter::successors(Some(Month::of(own)), |month| Some(month.next()));
        if is_open(own) {
            own
        } else {
            later.find(|month| !self.closed.contains(month)).map_or(own, Month::first)
        }
    }

    /// What settings make of them.
    pub fn settings(&mut self, event: OrgSettingsEvent) {
        if let OrgSettingsEvent::ProfileChanged { timezone, currency, .. } = event {
            self.zone = timezone.unwrap_or_else(|| std::mem::take(&mut self.zone));
            self.currency = currency.unwrap_or(self.currency);
        }
    }

    /// What closing makes of them.
    pub fn period(&mut self, event: &PeriodEvent) {
        match event {
            PeriodEvent::Closed { month, .. } => self.closed.insert(*month),
            PeriodEvent::Reopened { month, .. } => self.closed.remove(month),
        };
    }
}
