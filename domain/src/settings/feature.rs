//! The catalogue of features: sixteen modules and what can be switched inside them.
//!
//! A feature is on if its module is on and it is on itself; each of the two is as the organisation decided, else as the
//! catalogue has it. So a module that is off takes everything below it along.

use std::collections::BTreeMap;

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::access::{Permission, Permissions};

macro_rules! features {
    ($($(#[doc = $doc:literal])+ $name:ident = $key:literal of $module:ident, $default:literal;)+) => {
        /// A module, or a part of one, that an organisation can switch.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, EnumString, VariantArray,
        )]
        pub enum Feature {$(
            $(#[doc = $doc])+
            #[strum(serialize = $key)]
            $name,
        )+}

        impl Feature {
            /// What it is for, in one sentence.
            pub const fn description(self) -> &'static str {
                match self {$(
                    Self::$name => concat!($($doc),+).trim_ascii(),
                )+}
            }

            /// Whether it is on where nobody has decided.
            pub const fn default_on(self) -> bool {
                match self {$( Self::$name => $default, )+}
            }

            /// The module it is part of; a module is part of itself.
            #[must_use]
            pub const fn module(self) -> Self {
                match self {$( Self::$name => Self::$module, )+}
            }
        }
    };
}

features! {
    /// The start page with the figures of the day.
    Dashboard = "module.dashboard" of Dashboard, true;
    /// Bookings on a calendar, and the board of the dispatcher.
    Schedule = "module.schedule" of Schedule, true;
    /// Invoices and their payments.
    Invoices = "module.invoices" of Invoices, true;
    /// Reviews, issues and photos of the work.
    Quality = "module.quality" of Quality, true;
    /// Teams and the people in them.
    Teams = "module.teams" of Teams, true;
    /// Figures about customers, regions and growth.
    Analytics = "module.analytics" of Analytics, true;
    /// Expenses, budgets, taxes and profit.
    Finance = "module.finance" of Finance, true;
    /// Prices and the rules around them.
    Pricing = "module.pricing" of Pricing, true;
    /// Promotions, campaigns and referrals.
    Marketing = "module.marketing" of Marketing, true;
    /// Nurturing and scoring of people who asked for an offer.
    Leads = "module.leads" of Leads, false;
    /// Supplies, suppliers and purchase orders.
    Inventory = "module.inventory" of Inventory, true;
    /// Courses and certificates of workers.
    Training = "module.training" of Training, true;
    /// The inbox for staff, and digests by mail.
    NotificationsCenter = "module.notifications_center" of NotificationsCenter, true;
    /// The settings of the organisation.
    Settings = "module.settings" of Settings, true;
    /// Connections to calendars, accounting and maps.
    Integrations = "module.integrations" of Integrations, false;
    /// Access for other programs.
    Api = "module.api" of Api, true;
    /// The weather of the day beside the figures.
    DashboardWeather = "dashboard.weather" of Dashboard, true;
    /// Weather and traffic ahead of today's visits.
    DashboardWeatherTraffic = "dashboard.weather_traffic" of Dashboard, false;
    /// Proposals for a better plan.
    ScheduleOptimizationAi = "schedule.optimization_ai" of Schedule, true;
    /// Applying a better plan to the board.
    ScheduleOptimization = "schedule.optimization" of Schedule, false;
    /// Photos that prove the work.
    QualityPhotoEvidence = "quality.photo_evidence" of Quality, false;
    /// Asking customers whether they would recommend us.
    QualityNps = "quality.nps" of Quality, false;
    /// Profit and loss, balance and taxes.
    FinanceReports = "finance.reports" of Finance, true;
    /// Money in and out over time.
    FinanceCashFlow = "finance.cash_flow" of Finance, true;
    /// Which contacts led to a booking, each with its share.
    AnalyticsAttribution = "analytics.attribution_multitouch" of Analytics, false;
    /// Prices of others in the region.
    AnalyticsCompetitors = "analytics.competitors" of Analytics, false;
    /// Kinds of service and their prices.
    PricingServiceTypes = "pricing.service_types" of Pricing, true;
    /// Deposits, cancellation and rescheduling.
    PricingBookingPolicies = "pricing.booking_policies" of Pricing, true;
    /// What each source of customers costs and brings.
    MarketingAnalytics = "marketing.analytics" of Marketing, true;
    /// Mail to many customers.
    MarketingEmailCampaigns = "marketing.email_campaigns" of Marketing, true;
    /// Which customers a campaign is for.
    MarketingEmailSegments = "marketing.email_segments" of Marketing, true;
    /// What is used up, and how fast.
    InventoryUsageAnalytics = "inventory.usage_analytics" of Inventory, true;
    /// Courses to read and watch.
    TrainingLibrary = "training.library" of Training, false;
    /// Questions at the end of a course.
    TrainingQuizzes = "training.quizzes" of Training, false;
    /// Certificates and when they run out.
    TrainingCerts = "training.certs" of Training, false;
    /// Keys and limits of programs that use the interface.
    ApiSettings = "api.settings" of Api, true;
    /// Bookings in a Google calendar, and its busy times here.
    IntegrationsGoogleCalendar = "integrations.google_calendar" of Integrations, false;
    /// Invoices and payments in the books of an accountant.
    IntegrationsQuickbooks = "integrations.accounting.quickbooks" of Integrations, false;
    /// Driving times between visits.
    IntegrationsMaps = "integrations.maps" of Integrations, false;
    /// Rules of one's own: when this happens, do that.
    NotificationsRulesBuilder = "notifications.rules_builder" of NotificationsCenter, false;
    /// A series of messages to people who asked and did not book.
    LeadsNurture = "leads.nurture" of Leads, false;
    /// Points that say who is likely to book.
    LeadsScoring = "leads.scoring" of Leads, false;
}

impl Feature {
    /// As it is written everywhere.
    pub fn key(self) -> &'static str {
        self.into()
    }

    /// Whether it is a module and not a part of one.
    pub fn is_module(self) -> bool {
        self.module() == self
    }

    /// What somebody must hold for it to be of use to them.
    pub const fn permission(self) -> Permission {
        match self.module() {
            Self::Schedule => Permission::BookingsView,
            Self::Invoices => Permission::InvoicesView,
            Self::Quality => Permission::QualityView,
            Self::Teams => Permission::UsersManage,
            Self::Analytics | Self::Finance => Permission::FinanceView,
            Self::Pricing | Self::Marketing | Self::Settings | Self::Api => {
                Permission::SettingsManage
            }
            Self::Leads => Permission::ContactsView,
            _ => Permission::CoreView,
        }
    }
}

/// What an organisation has decided, by key. A key that this build does not know decides nothing.
pub type Overrides = BTreeMap<String, bool>;

/// Everything that is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features(u64);

impl Features {
    /// What is on where `overrides` were decided.
    pub fn resolve(overrides: &Overrides) -> Self {
        let alone = |feature: Feature| {
            overrides.get(feature.key()).copied().unwrap_or(feature.default_on())
        };
        let is_on = |feature: &Feature| alone(feature.module()) && alone(*feature);
        Self(Feature::VARIANTS.iter().filter(|one| is_on(one)).fold(0, |on, one| on | bit(*one)))
    }

    /// Whether `feature` is on.
    pub const fn contain(self, feature: Feature) -> bool {
        self.0 & bit(feature) != 0
    }
}

const fn bit(feature: Feature) -> u64 {
    1 << feature as u32
}

/// Whether somebody who may do `permissions` and has hidden `hidden` is shown `feature`. It is about menus: what a route
/// allows does not depend on it.
pub fn is_visible(
    feature: Feature,
    features: Features,
    permissions: Permissions,
    hidden: impl Fn(&str) -> bool,
) -> bool {
    permissions.contain(feature.permission())
        && features.contain(feature)
        && !hidden(feature.key())
        && !hidden(feature.module().key())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::Role;

    /// The catalogue once more, as the specification lists it: key, module, default.
    const TABLE: [(&str, &str, bool); 42] = [
        ("module.dashboard", "module.dashboard", true),
        ("module.schedule", "module.schedule", true),
        ("module.invoices", "module.invoices", true),
        ("module.quality", "module.quality", true),
        ("module.teams", "module.teams", true),
        ("module.analytics", "module.analytics", true),
        ("module.finance", "module.finance", true),
        ("module.pricing", "module.pricing", true),
        ("module.marketing", "module.marketing", true),
        ("module.leads", "module.leads", false),
        ("module.inventory", "module.inventory", true),
        ("module.training", "module.training", true),
        ("module.notifications_center", "module.notifications_center", true),
        ("module.settings", "module.settings", true),
        ("module.integrations", "module.integrations", false),
        ("module.api", "module.api", true),
        ("dashboard.weather", "module.dashboard", true),
        ("dashboard.weather_traffic", "module.dashboard", false),
        ("schedule.optimization_ai", "module.schedule", true),
        ("schedule.optimization", "module.schedule", false),
        ("quality.photo_evidence", "module.quality", false),
        ("quality.nps", "module.quality", false),
        ("finance.reports", "module.finance", true),
        ("finance.cash_flow", "module.finance", true),
        ("analytics.attribution_multitouch", "module.analytics", false),
        ("analytics.competitors", "module.analytics", false),
        ("pricing.service_types", "module.pricing", true),
        ("pricing.booking_policies", "module.pricing", true),
        ("marketing.analytics", "module.marketing", true),
        ("marketing.email_campaigns", "module.marketing", true),
        ("marketing.email_segments", "module.marketing", true),
        ("inventory.usage_analytics", "module.inventory", true),
        ("training.library", "module.training", false),
        ("training.quizzes", "module.training", false),
        ("training.certs", "module.training", false),
        ("api.settings", "module.api", true),
        ("integrations.google_calendar", "module.integrations", false),
        ("integrations.accounting.quickbooks", "module.integrations", false),
        ("integrations.maps", "module.integrations", false),
        ("notifications.rules_builder", "module.notifications_center", false),
        ("leads.nurture", "module.leads", false),
        ("leads.scoring", "module.leads", false),
    ];

    /// Rows: what was decided about the module; columns: about the part; `-` is nothing. Each cell: the outcome for a
    /// part and a module that are (off, off), (off, on), (on, off), (on, on) by default, module first.
    const OUTCOMES: [(Option<bool>, Option<bool>, [bool; 4]); 9] = [
        (Some(false), Some(false), [false, false, false, false]),
        (Some(false), Some(true), [false, false, false, false]),
        (Some(false), None, [false, false, false, false]),
        (Some(true), Some(false), [false, false, false, false]),
        (Some(true), Some(true), [true, true, true, true]),
        (Some(true), None, [false, true, false, true]),
        (None, Some(false), [false, false, false, false]),
        (None, Some(true), [false, false, true, true]),
        (None, None, [false, false, false, true]),
    ];

    fn feature(key: &str) -> Feature {
        key.parse().unwrap()
    }

    fn default_of(key: &str) -> bool {
        TABLE.iter().find(|row| row.0 == key).unwrap().2
    }

    #[test]
    fn the_catalogue_is_the_one_of_the_specification() {
        let keys: Vec<_> = Feature::VARIANTS
            .iter()
            .map(|one| (one.key(), one.module().key(), one.default_on()))
            .collect();
        assert_eq!(keys, TABLE);
        assert_eq!(Feature::VARIANTS.iter().filter(|one| one.is_module()).count(), 16);
        assert_eq!(TABLE.iter().filter(|row| !row.2).count(), 17);
        for one in Feature::VARIANTS {
            assert!(one.description().ends_with('.'), "{one:?}");
            assert!(one.module().is_module(), "{one:?}");
        }
    }

    #[test]
    fn every_key_follows_the_table_in_every_combination_of_module_and_part() {
        for (key, module, default) in TABLE {
            for (of_module, of_part, outcomes) in OUTCOMES {
                let mut overrides = Overrides::new();
                let own = if key == module { of_module } else { of_part };
                let mut decide = |key: &str, decided: Option<bool>| {
                    decided.map(|on| overrides.insert(key.to_owned(), on));
                };
                decide(module, of_module);
                decide(key, own);
                let on = Features::resolve(&overrides).contain(feature(key));
                let expected = if key == module {
                    of_module.unwrap_or(default)
                } else {
                    let column = usize::from(default_of(module)) * 2 + usize::from(default);
                    outcomes[column]
                };
                assert_eq!(on, expected, "{key}: module {of_module:?}, part {of_part:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_key_listens_to_what_was_decided_about_others(
            decided in prop::collection::vec(prop::option::of(any::<bool>()), 42),
        ) {
            let all: Overrides = TABLE
                .iter()
                .zip(&decided)
                .filter_map(|(row, on)| Some((row.0.to_owned(), (*on)?)))
                .collect();
            let together = Features::resolve(&all);
            for (key, module, _) in TABLE {
                let concerned = |name: &String| name == key || name == module;
                let own = all.iter().filter(|(name, _)| concerned(name));
                let alone = own.map(|(name, on)| (name.clone(), *on)).collect();
                prop_assert_eq!(
                    together.contain(feature(key)),
                    Features::resolve(&alone).contain(feature(key)),
                    "{}", key
                );
            }
        }
    }

    #[test]
    fn a_key_of_another_build_decides_nothing() {
        let overrides = Overrides::from([("module.weather_balloon".to_owned(), true)]);
        assert_eq!(Features::resolve(&overrides), Features::resolve(&Overrides::new()));
    }

    #[test]
    fn a_feature_is_seen_by_who_may_use_it_and_has_not_hidden_it() {
        let features = Features::resolve(&Overrides::from([("module.leads".to_owned(), true)]));
        let seen = |feature, role, hidden: &str| {
            is_visible(feature, features, Permissions::of_role(role), |key| key == hidden)
        };
        assert!(seen(Feature::Leads, Role::Dispatcher, ""));
        assert!(!seen(Feature::Leads, Role::Accountant, ""), "no contacts.view");
        assert!(!seen(Feature::LeadsScoring, Role::Owner, ""), "off");
        assert!(!seen(Feature::FinanceReports, Role::Owner, "finance.reports"));
        assert!(!seen(Feature::FinanceReports, Role::Owner, "module.finance"));
        assert!(seen(Feature::FinanceReports, Role::Owner, "module.leads"));
    }
}
