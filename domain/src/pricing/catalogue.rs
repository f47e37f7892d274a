//! What an organisation offers: kinds of service with their prices, and extras.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::rates::is_currency;
use crate::id::{AddonId, ServiceAddonId, ServiceTypeId};
use crate::input::{Problems, text};

/// More than anything here costs.
const MOST_CENTS: i64 = 100_000_000;

/// A week: longer than any visit.
const MOST_MINUTES: u32 = 10_080;

/// How a service is charged.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PricingModel {
    /// By the visit.
    #[default]
    Flat,
    /// By the hour.
    Hourly,
}

/// A kind of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceType {
    /// Told apart by this.
    pub service_type_id: ServiceTypeId,
    /// No other of the organisation is called so.
    pub name: String,
    /// Whether it can be chosen.
    pub active: bool,
    /// How long it usually takes.
    pub default_duration_minutes: u32,
    /// How it is charged.
    pub pricing_model: PricingModel,
    /// For a visit.
    pub base_price_cents: i64,
    /// For an hour, if it is charged by the hour.
    pub hourly_rate_cents: i64,
    /// Three letters.
    pub currency: String,
    /// What can be had with it.
    pub addons: Vec<ServiceAddon>,
}

/// What can be had with a kind of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAddon {
    /// Told apart by this.
    pub service_addon_id: ServiceAddonId,
    /// What it is.
    pub name: String,
    /// What it costs.
    pub price_cents: i64,
    /// Whether it can be chosen.
    pub active: bool,
}

/// An extra that can be had with any visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addon {
    /// Told apart by this.
    pub addon_id: AddonId,
    /// Estimates know it by this; no other of the organisation has it.
    pub code: String,
    /// What it is.
    pub name: String,
    /// For one.
    pub price_cents: i64,
    /// How much longer one takes.
    pub default_minutes: u32,
    /// Whether it can be chosen.
    pub is_active: bool,
}

/// What becomes another about a service; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of what they change")]
pub struct ServiceChange {
    pub name: Option<String>,
    pub active: Option<bool>,
    pub default_duration_minutes: Option<u32>,
    pub pricing_model: Option<PricingModel>,
    pub base_price_cents: Option<i64>,
    pub hourly_rate_cents: Option<i64>,
    pub currency: Option<String>,
}

/// What becomes another about something that can be had with a service; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of what they change")]
pub struct ServiceAddonChange {
    pub name: Option<String>,
    pub price_cents: Option<i64>,
    pub active: Option<bool>,
}

/// What becomes another about an extra; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of what they change")]
pub struct AddonChange {
    pub name: Option<String>,
    pub price_cents: Option<i64>,
    pub default_minutes: Option<u32>,
    pub is_active: Option<bool>,
}

impl ServiceType {
    /// As it is before anything is said about it.
    pub(super) fn new(id: ServiceTypeId, currency: &str) -> Self {
        Self {
            service_type_id: id,
            name: String::new(),
            active: true,
            default_duration_minutes: 120,
            pricing_model: PricingModel::Flat,
            base_price_cents: 0,
            hourly_rate_cents: 0,
            currency: currency.to_owned(),
            addons: Vec::new(),
        }
    }

    /// What a visit of so many minutes costs; begun cents count.
    pub fn price_cents(&self, minutes: u32) -> i64 {
        match self.pricing_model {
            PricingModel::Flat => self.base_price_cents,
            PricingModel::Hourly => {
                let labour = self.hourly_rate_cents * i64::from(minutes.min(MOST_MINUTES));
                self.base_price_cents + (labour + 59).div_euclid(60)
            }
        }
    }

    pub(super) fn with(&self, change: ServiceChange) -> Result<Self, Problems> {
        let after = Self {
            name: change.name.unwrap_or_else(|| self.name.clone()),
            active: change.active.unwrap_or(self.active),
            default_duration_minutes: change
                .default_duration_minutes
                .unwrap_or(self.default_duration_minutes),
            pricing_model: change.pricing_model.unwrap_or(self.pricing_model),
            base_price_cents: change.base_price_cents.unwrap_or(self.base_price_cents),
            hourly_rate_cents: change.hourly_rate_cents.unwrap_or(self.hourly_rate_cents),
            currency: change.currency.unwrap_or_else(|| self.currency.clone()),
            ..self.clone()
        };
        let mut wrong = Problems::default();
        let name = wrong.take(text("name", &after.name, 1..=120)).unwrap_or_default();
        if !(15..=MOST_MINUTES).contains(&after.default_duration_minutes) {
            wrong.push("default_duration_minutes", "Input should be from 15 to 10080");
        }
        price("base_price_cents", after.base_price_cents, &mut wrong);
        price("hourly_rate_cents", after.hourly_rate_cents, &mut wrong);
        if !is_currency(&after.currency) {
            wrong.push("currency", "Input should be three capital letters");
        }
        wrong.or(Self { name, ..after })
    }
}

impl ServiceAddon {
    pub(super) const fn new(id: ServiceAddonId) -> Self {
        Self { service_addon_id: id, name: String::new(), price_cents: 0, active: true }
    }

    pub(super) fn with(&self, change: &ServiceAddonChange) -> Result<Self, Problems> {
        let mut wrong = Problems::default();
        let name = change.name.as_deref().unwrap_or(&self.name);
        let name = wrong.take(text("name", name, 1..=120)).unwrap_or_default();
        let price_cents = change.price_cents.unwrap_or(self.price_cents);
        price("price_cents", price_cents, &mut wrong);
        let active = change.active.unwrap_or(self.active);
        wrong.or(Self { name, price_cents, active, ..*self })
    }
}

impl Addon {
    pub(super) const fn new(id: AddonId, code: String) -> Self {
        Self {
            addon_id: id,
            code,
            name: String::new(),
            price_cents: 0,
            default_minutes: 0,
            is_active: true,
        }
    }

    pub(super) fn with(&self, change: &AddonChange) -> Result<Self, Problems> {
        let mut wrong = Problems::default();
        if !is_code(&self.code) {
            let message = "Input should be 1 to 100 lower-case letters, digits, - and _";
            wrong.push("code", message);
        }
        let name = change.name.as_deref().unwrap_or(&self.name);
        let name = wrong.take(text("name", name, 1..=255)).unwrap_or_default();
        let price_cents = change.price_cents.unwrap_or(self.price_cents);
        // Estimates multiply it; see the rates.
        if !(0..=1_000_000).contains(&price_cents) {
            wrong.push("price_cents", "Input should be from 0 to 1000000");
        }
        let default_minutes = change.default_minutes.unwrap_or(self.default_minutes);
        if default_minutes > 1440 {
            wrong.push("default_minutes", "Input should be from 0 to 1440");
        }
        let is_active = change.is_active.unwrap_or(self.is_active);
        let code = self.code.clone();
        wrong.or(Self { code, name, price_cents, default_minutes, is_active, ..*self })
    }
}

fn price(field: &str, cents: i64, wrong: &mut Problems) {
    if !(0..=MOST_CENTS).contains(&cents) {
        wrong.push(field, "Input should be from 0 to 100000000");
    }
}

fn is_code(text: &str) -> bool {
    let letter = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
    };
    (1..=100).contains(&text.len()) && text.bytes().all(letter)
}
