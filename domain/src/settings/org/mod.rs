//! The settings of an organisation.
//!
//! 1. Where nothing was decided, a default holds; it stands in no event.
//! 2. Each event names what became another, and nothing else. Asking for what already holds changes nothing.
//! 3. A decision about a feature is about a key of the catalogue; the whole set of decisions is replaced at once.

mod change;
mod event;

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::VariantArray;

pub use self::change::Change;
pub use self::event::{Currency, Language, Legal, OrgSettingsEvent, ReferralTrigger};
use super::feature::{Feature, Features, Overrides};
use super::holiday::Holiday;
use super::hours::BusinessHours;
use super::zone;
use crate::event::EventSourced;
use crate::refusal::{Kind, Refusal};

/// What can be asked.
#[derive(Clone, Debug)]
pub enum OrgSettingsCommand {
    /// Make some settings others.
    Change(Box<Change>),
    /// Put these decisions about features in the place of all there are.
    DecideFeatures(BTreeMap<Feature, bool>),
}

/// It never refuses: what cannot be is not read in the first place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrgSettingsError {}

impl Refusal for OrgSettingsError {
    fn kind(&self) -> Kind {
        match *self {}
    }

    fn code(&self) -> &'static str {
        match *self {}
    }
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrgSettings {
    /// `None`: as it was registered.
    pub timezone: Option<String>,
    /// What prices are in.
    pub currency: Currency,
    /// What it writes in.
    pub language: Language,
    /// When it is open.
    pub business_hours: BusinessHours,
    /// When it is not.
    pub holidays: BTreeSet<Holiday>,
    /// Its imprint, line by line.
    pub legal: BTreeMap<Legal, String>,
    /// Its looks, and its goal for a week.
    pub branding: BTreeMap<String, Value>,
    /// When a referral is credited.
    pub referral_credit_trigger: ReferralTrigger,
    /// Whether the books are ready to be kept here.
    pub finance_ready: bool,
    /// Whether customers who have not paid in time are reminded by themselves.
    pub invoice_reminders: bool,
    /// What was decided about features.
    pub overrides: Overrides,
}

impl Default for OrgSettings {
    fn default() -> Self {
        Self {
            timezone: None,
            currency: Currency::default(),
            language: Language::default(),
            business_hours: BusinessHours::default(),
            holidays: Holiday::VARIANTS.iter().copied().collect(),
            legal: BTreeMap::new(),
            branding: BTreeMap::new(),
            referral_credit_trigger: ReferralTrigger::default(),
            finance_ready: false,
            invoice_reminders: true,
            overrides: Overrides::new(),
        }
    }
}

impl OrgSettings {
    /// What is on.
    pub fn features(&self) -> Features {
        Features::resolve(&self.overrides)
    }

    /// Its clock; `registered` is the zone it was registered with.
    pub fn zone(&self, registered: &str) -> Tz {
        let named = self.timezone.as_deref().unwrap_or(registered);
        zone::find(named).unwrap_or(zone::DEFAULT)
    }

    fn decide(&self, command: OrgSettingsCommand) -> Vec<OrgSettingsEvent> {
        match command {
            OrgSettingsCommand::Change(change) => self.change(*change),
            OrgSettingsCommand::DecideFeatures(wanted) => self.decide_features(&wanted),
        }
    }

    fn change(&self, change: Change) -> Vec<OrgSettingsEvent> {
        use OrgSettingsEvent as E;
        let mut events = Vec::new();
        let timezone = change.timezone.filter(|new| self.timezone.as_ref() != Some(new));
        let currency = change.currency.filter(|new| self.currency != *new);
        let language = change.language.filter(|new| self.language != *new);
        if timezone.is_some() || currency.is_some() || language.is_some() {
            events.push(E::ProfileChanged { timezone, currency, language });
        }
        let mut days = change.business_hours;
        days.retain(|day, new| self.business_hours.of(*day) != Some(new));
        if !days.is_empty() {
            events.push(E::BusinessHoursChanged { days });
        }
        let holidays = change.holidays.filter(|new| self.holidays != *new);
        events.extend(holidays.map(|holidays| E::HolidaysChanged { holidays }));
        let mut lines = change.legal;
        lines.retain(|line, new| self.legal.get(line) != new.as_ref());
        if !lines.is_empty() {
            events.push(E::LegalChanged { lines });
        }
        let mut entries = change.branding;
        entries.retain(|name, new| self.branding.get(name) != new.as_ref());
        if !entries.is_empty() {
            events.push(E::BrandingChanged { entries });
        }
        let trigger =
            change.referral_credit_trigger.filter(|new| self.referral_credit_trigger != *new);
        events.extend(trigger.map(|trigger| E::ReferralTriggerChanged { trigger }));
        let ready = change.finance_ready.filter(|new| self.finance_ready != *new);
        events.extend(ready.map(|ready| E::FinanceReadyChanged { ready }));
        let reminders = change.invoice_reminders.filter(|new| self.invoice_reminders != *new);
        events.extend(reminders.map(|enabled| E::InvoiceRemindersChanged { enabled }));
        events
    }

    fn decide_features(&self, wanted: &BTreeMap<Feature, bool>) -> Vec<OrgSettingsEvent> {
        let wanted: Overrides =
            wanted.iter().map(|(one, on)| (one.key().to_owned(), *on)).collect();
        let released = self.overrides.keys().filter(|key| !wanted.contains_key(*key));
        let released = released.map(|key| OrgSettingsEvent::FeatureReleased { key: key.clone() });
        let decided = wanted.iter().filter(|(key, on)| self.overrides.get(*key) != Some(on));
        let decided = decided.map(|(key, on)| OrgSettingsEvent::FeatureOverridden {
            key: key.clone(),
            enabled: *on,
        });
        released.chain(decided).collect()
    }
}

/// Puts what became another in its place, or takes it away.
fn merge<K: Ord, V>(into: &mut BTreeMap<K, V>, changed: BTreeMap<K, Option<V>>) {
    for (key, value) in changed {
        match value {
            Some(value) => into.insert(key, value),
            None => into.remove(&key),
        };
    }
}

impl Aggregate for OrgSettings {
    const TYPE: &'static str = "org_settings";
    type Command = OrgSettingsCommand;
    type Event = OrgSettingsEvent;
    type Error = OrgSettingsError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        for event in self.decide(command) {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        use OrgSettingsEvent as E;
        match event {
            E::ProfileChanged { timezone, currency, language } => {
                self.timezone = timezone.or_else(|| self.timezone.take());
                self.currency = currency.unwrap_or(self.currency);
                self.language = language.unwrap_or(self.language);
            }
            E::BusinessHoursChanged { days } => {
                for (day, hours) in days {
                    self.business_hours.set(day, hours);
                }
            }
            E::HolidaysChanged { holidays } => self.holidays = holidays,
            E::LegalChanged { lines } => merge(&mut self.legal, lines),
            E::BrandingChanged { entries } => merge(&mut self.branding, entries),
            E::ReferralTriggerChanged { trigger } => self.referral_credit_trigger = trigger,
            E::FinanceReadyChanged { ready } => self.finance_ready = ready,
            E::InvoiceRemindersChanged { enabled } => self.invoice_reminders = enabled,
            E::FeatureOverridden { key, enabled } => {
                self.overrides.insert(key, enabled);
            }
            E::FeatureReleased { key } => {
                self.overrides.remove(&key);
            }
        }
    }
}

impl EventSourced for OrgSettings {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use serde_json::json;

    use super::*;
    use crate::settings::hours::Day;

    fn given(events: &[OrgSettingsEvent]) -> cqrs_es::test::AggregateTestExecutor<OrgSettings> {
        TestFramework::<OrgSettings>::with(()).given(events.to_vec())
    }

    fn change(json: &Value) -> OrgSettingsCommand {
        OrgSettingsCommand::Change(Box::new(Change::parse(json).unwrap()))
    }

    fn features(decided: &[(Feature, bool)]) -> OrgSettingsCommand {
        OrgSettingsCommand::DecideFeatures(decided.iter().copied().collect())
    }

    fn overridden(key: &str, enabled: bool) -> OrgSettingsEvent {
        OrgSettingsEvent::FeatureOverridden { key: key.to_owned(), enabled }
    }

    fn riga() -> OrgSettingsEvent {
        OrgSettingsEvent::ProfileChanged {
            timezone: Some("Europe/Riga".to_owned()),
            currency: None,
            language: None,
        }
    }

    #[test]
    fn an_event_names_what_became_another_and_nothing_else() {
        given(&[riga()])
            .when(change(
                &json!({ "timezone": "Europe/Riga", "currency": "CAD", "language": "ru" }),
            ))
            .then_expect_events(vec![OrgSettingsEvent::ProfileChanged {
                timezone: None,
                currency: None,
                language: Some(Language::Ru),
            }]);
        let closed = json!({ "enabled": false, "start": "09:00", "end": "17:00" });
        let monday = json!({ "enabled": true, "start": "07:00", "end": "12:00" });
        let hours = serde_json::from_value(monday.clone()).unwrap();
        given(&[])
            .when(change(&json!({ "business_hours": { "monday": monday, "sunday": closed } })))
            .then_expect_events(vec![OrgSettingsEvent::BusinessHoursChanged {
                days: BTreeMap::from([(Day::Monday, hours)]),
            }]);
    }

    #[test]
    fn asking_for_what_holds_changes_nothing_defaults_included() {
        given(&[]).when(change(&json!({
            "currency": "CAD", "language": "en", "finance_ready": false, "legal_name": null,
            "referral_credit_trigger": "booking_confirmed", "branding": { "logo": null },
            "business_hours": { "monday": { "enabled": true, "start": "08:00", "end": "18:00" } },
            "holidays": Holiday::VARIANTS,
        })))
        .then_expect_events(vec![]);
        given(&[riga()])
            .when(change(&json!({ "timezone": "Europe/Riga" })))
            .then_expect_events(vec![]);
        given(&[]).when(change(&json!({}))).then_expect_events(vec![]);
    }

    #[test]
    fn every_subject_has_an_event_of_its_own() {
        given(&[])
            .when(change(&json!({
                "timezone": "Europe/Riga", "holidays": ["canada_day"], "legal_name": "Maple Ltd",
                "branding": { "weekly_revenue_goal_cents": 500_000 }, "finance_ready": true, "invoice_reminders": false,
                "referral_credit_trigger": "deposit_paid",
            })))
            .then_expect_events(vec![
                riga(),
                OrgSettingsEvent::HolidaysChanged {
                    holidays: BTreeSet::from([Holiday::CanadaDay]),
                },
                OrgSettingsEvent::LegalChanged {
                    lines: BTreeMap::from([(Legal::Name, Some("Maple Ltd".to_owned()))]),
                },
                OrgSettingsEvent::BrandingChanged {
                    entries: BTreeMap::from([(
                        "weekly_revenue_goal_cents".to_owned(),
                        Some(json!(500_000)),
                    )]),
                },
                OrgSettingsEvent::ReferralTriggerChanged { trigger: ReferralTrigger::DepositPaid },
                OrgSettingsEvent::FinanceReadyChanged { ready: true },
                OrgSettingsEvent::InvoiceRemindersChanged { enabled: false },
            ]);
    }

    #[test]
    fn decisions_about_features_are_replaced_as_a_whole() {
        given(&[overridden("quality.nps", true), overridden("module.leads", true)])
            .when(features(&[(Feature::QualityNps, false), (Feature::Finance, false)]))
            .then_expect_events(vec![
                OrgSettingsEvent::FeatureReleased { key: "module.leads".to_owned() },
                overridden("module.finance", false),
                overridden("quality.nps", false),
            ]);
        given(&[overridden("quality.nps", true)])
            .when(features(&[(Feature::QualityNps, true)]))
            .then_expect_events(vec![]);
        // A key that was taken out of the catalogue goes with the next decision.
        given(&[overridden("module.retired", true)]).when(features(&[])).then_expect_events(vec![
            OrgSettingsEvent::FeatureReleased { key: "module.retired".to_owned() },
        ]);
    }

    #[test]
    fn what_was_removed_is_gone_and_what_was_not_named_stays() {
        let mut settings = OrgSettings::default();
        let change = json!({
            "timezone": "Europe/Riga", "legal_name": "Maple", "legal_bn": "123", "branding": { "a": 1, "b": 2 },
        });
        for json in
            [change, json!({ "legal_bn": null, "branding": { "a": null }, "currency": "USD" })]
        {
            for event in settings.change(Change::parse(&json).unwrap()) {
                settings.apply(event);
            }
        }
        assert_eq!(settings.legal, BTreeMap::from([(Legal::Name, "Maple".to_owned())]));
        assert_eq!(settings.branding, BTreeMap::from([("b".to_owned(), json!(2))]));
        assert_eq!(settings.zone("America/Toronto"), Tz::Europe__Riga);
        assert_eq!(settings.currency, Currency::Usd);
    }

    #[test]
    fn the_clock_is_the_registered_one_until_another_is_chosen() {
        let settings = OrgSettings::default();
        assert_eq!(settings.zone("America/Toronto"), Tz::America__Toronto);
        assert_eq!(settings.zone("Nowhere/Land"), zone::DEFAULT);
    }
}
