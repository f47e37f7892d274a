//! The price book in the shape of the API.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::moment::Moment;
use crate::shown;

/// How a service can be charged.
pub(super) const MODELS: [(&str, &str); 2] = [("flat", "by the visit"), ("hourly", "by the hour")];

/// How often somebody can be visited again, the field that asks what that takes off, and what it is called.
pub(super) const AGAIN: [(&str, &str, &str); 4] = [
    ("one_time", "discount_one_time", "Once"),
    ("weekly", "discount_weekly", "Every week"),
    ("biweekly", "discount_biweekly", "Every two weeks"),
    ("monthly", "discount_monthly", "Every month"),
];

/// Which version holds, and whether another is being written.
#[derive(Deserialize)]
pub(super) struct Book {
    /// 0 is what everybody begins with.
    pub(super) version: u32,
    pub(super) published_at: Option<Moment>,
    pub(super) has_draft: bool,
    pub(super) differs: bool,
}

#[derive(Deserialize)]
pub(super) struct Service {
    #[serde(rename = "service_type_id")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) active: bool,
    default_duration_minutes: u32,
    pub(super) pricing_model: String,
    base_price_cents: i64,
    hourly_rate_cents: i64,
    pub(super) currency: String,
    pub(super) addons: Vec<ServiceAddon>,
}

impl Service {
    pub(super) fn minutes(&self) -> String {
        self.default_duration_minutes.to_string()
    }

    pub(super) fn base(&self) -> String {
        shown::amount(self.base_price_cents)
    }

    pub(super) fn hour(&self) -> String {
        shown::amount(self.hourly_rate_cents)
    }

    pub(super) fn is_hourly(&self) -> bool {
        self.pricing_model == "hourly"
    }
}

/// What can be had with one service.
#[derive(Deserialize)]
pub(super) struct ServiceAddon {
    #[serde(rename = "service_addon_id")]
    pub(super) id: String,
    pub(super) name: String,
    price_cents: i64,
    pub(super) active: bool,
}

impl ServiceAddon {
    pub(super) fn price(&self) -> String {
        shown::amount(self.price_cents)
    }
}

/// What can be had with any visit.
#[derive(Deserialize)]
pub(super) struct Addon {
    #[serde(rename = "addon_id")]
    pub(super) id: String,
    pub(super) code: String,
    pub(super) name: String,
    price_cents: i64,
    default_minutes: u32,
    pub(super) is_active: bool,
}

impl Addon {
    pub(super) fn price(&self) -> String {
        shown::amount(self.price_cents)
    }

    pub(super) fn minutes(&self) -> String {
        self.default_minutes.to_string()
    }
}

/// Tax, and what estimates are made with.
#[derive(Deserialize)]
pub(super) struct Settings {
    gst_rate: f64,
    rates: Rates,
}

#[derive(Deserialize)]
struct Rates {
    currency: String,
    hourly_rate_cents: i64,
    minimum_milli_hours: i64,
    discount_permille: BTreeMap<String, i64>,
}

impl Settings {
    /// In percent.
    pub(super) fn tax(&self) -> String {
        shown::percent(self.gst_rate)
    }

    pub(super) fn currency(&self) -> &str {
        &self.rates.currency
    }

    pub(super) fn hour(&self) -> String {
        shown::amount(self.rates.hourly_rate_cents)
    }

    pub(super) fn least_hours(&self) -> String {
        shown::decimal(self.rates.minimum_milli_hours, 3)
    }

    /// In percent, off what somebody pays who is visited so often.
    pub(super) fn discount(&self, often: &str) -> String {
        shown::decimal(self.rates.discount_permille.get(often).copied().unwrap_or_default(), 1)
    }
}

/// A version that was published.
#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) version: u32,
    pub(super) published_at: Option<Moment>,
}
