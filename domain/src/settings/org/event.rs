//! What has happened to the settings of an organisation.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::event::domain_event;
use crate::settings::holiday::Holiday;
use crate::settings::hours::{Day, Hours};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident as $case:literal { $($(#[$inner:meta])* $word:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            IntoStaticStr, EnumString, VariantArray, VariantNames,
        )]
        #[serde(rename_all = $case)]
        #[strum(serialize_all = $case)]
        pub enum $name {$( $(#[$inner])* $word, )+}
    )+};
}

words! {
    /// What prices are in.
    #[derive(Default)]
    Currency as "UPPERCASE" {
        /// Canadian dollars.
        #[default]
        Cad,
        /// Dollars of the United States.
        Usd,
    }
    /// What the organisation writes in.
    #[derive(Default)]
    Language as "snake_case" {
        /// English.
        #[default]
        En,
        /// Russian.
        Ru,
    }
    /// When somebody who referred a customer is credited.
    #[derive(Default)]
    ReferralTrigger as "snake_case" {
        /// When the customer has paid the deposit.
        DepositPaid,
        /// When the visit is confirmed.
        #[default]
        BookingConfirmed,
        /// When either comes first.
        BookingOrPayment,
    }
    /// A line of what stands on invoices about the business itself. It is published by it and no secret.
    Legal as "snake_case" {
        /// Its name in the register.
        Name,
        /// Business number.
        Bn,
        /// Number for the goods and services tax.
        GstHst,
        /// Its address.
        Address,
        /// Its telephone.
        Phone,
        /// Its e-mail address.
        Email,
        /// Its pages.
        Website,
    }
}

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OrgSettingsEvent {
    /// Its clock, money or language became another; `None` stayed.
    ProfileChanged {
        /// IANA time zone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timezone: Option<String>,
        /// What prices are in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        currency: Option<Currency>,
        /// What it writes in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<Language>,
    },
    /// The hours of these days became others.
    BusinessHoursChanged {
        /// By day.
        days: BTreeMap<Day, Hours>,
    },
    /// It keeps these holidays from now on.
    HolidaysChanged {
        /// All of them.
        holidays: BTreeSet<Holiday>,
    },
    /// Lines of its imprint became others; `None` was removed.
    LegalChanged {
        /// By line.
        lines: BTreeMap<Legal, Option<String>>,
    },
    /// Entries of its looks became others; `None` was removed.
    BrandingChanged {
        /// By name.
        entries: BTreeMap<String, Option<Value>>,
    },
    /// Referrals are credited at another moment.
    ReferralTriggerChanged {
        /// Which.
        trigger: ReferralTrigger,
    },
    /// The books are, or are no longer, ready to be kept here.
    FinanceReadyChanged {
        /// Whether they are.
        ready: bool,
    },
    /// Customers who have not paid in time are, or are no longer, reminded by themselves.
    InvoiceRemindersChanged {
        /// Whether they are.
        enabled: bool,
    },
    /// It was decided whether a feature is on.
    FeatureOverridden {
        /// Its key.
        key: String,
        /// Whether it is.
        enabled: bool,
    },
    /// A feature is again as the catalogue has it.
    FeatureReleased {
        /// Its key.
        key: String,
    },
}
domain_event!(OrgSettingsEvent, version = "1");
