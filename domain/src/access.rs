//! Who may do what: the seven built-in roles and the permission each route asks for.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident = $key:literal),+ $(,)?) => {
        /// One thing a caller may be allowed to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, EnumString, VariantArray)]
        pub enum Permission {$(
            $(#[doc = $doc])+
            #[strum(serialize = $key)]
            $name,
        )+}

        impl Permission {
            /// What it is for, in one sentence.
            pub const fn description(self) -> &'static str {
                match self {$(
                    Self::$name => concat!($($doc),+).trim_ascii(),
                )+}
            }
        }
    };
}

permissions! {
    /// See the application at all.
    CoreView = "core.view",
    /// Read bookings.
    BookingsView = "bookings.view",
    /// Change bookings.
    BookingsEdit = "bookings.edit",
    /// Send teams and workers.
    BookingsAssign = "bookings.assign",
    /// Move a booking through its states.
    BookingsStatus = "bookings.status",
    /// Block time on the schedule.
    ScheduleBlockingManage = "schedule.blocking.manage",
    /// Read contacts and leads.
    ContactsView = "contacts.view",
    /// Change contacts and leads.
    ContactsEdit = "contacts.edit",
    /// Read leads.
    LeadsView = "leads.view",
    /// Change leads.
    LeadsManage = "leads.manage",
    /// Read quality records.
    QualityView = "quality.view",
    /// Change quality records.
    QualityManage = "quality.manage",
    /// Read invoices.
    InvoicesView = "invoices.view",
    /// Change invoices.
    InvoicesEdit = "invoices.edit",
    /// Send invoices.
    InvoicesSend = "invoices.send",
    /// Record payments.
    PaymentsRecord = "payments.record",
    /// Read the books.
    FinanceView = "finance.view",
    /// Change the books.
    FinanceManage = "finance.manage",
    /// Take data out.
    ExportsRun = "exports.run",
    /// Change prices.
    PricingManage = "pricing.manage",
    /// Change policies.
    PoliciesManage = "policies.manage",
    /// Change settings.
    SettingsManage = "settings.manage",
    /// Manage logins.
    UsersManage = "users.manage",
    /// Read reports.
    ReportsView = "reports.view",
    /// Read training.
    TrainingView = "training.view",
    /// Change training.
    TrainingManage = "training.manage",
    /// Read inventory.
    InventoryView = "inventory.view",
    /// Change inventory.
    InventoryManage = "inventory.manage",
    /// Administer the organisation: history, audit, erasure.
    AdminManage = "admin.manage",
}

impl Permission {
    /// The key as words: `Schedule blocking manage`.
    pub fn label(self) -> String {
        let words = <&'static str>::from(self).replace(['.', '_'], " ");
        let mut letters = words.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    /// What it belongs to on the screen of roles. Source: the matrix of the platform specification.
    pub fn group(self) -> &'static str {
        let key: &'static str = self.into();
        match key.split('.').next().unwrap_or_default() {
            "invoices" | "payments" => "finance",
            "exports" => "ops",
            "pricing" | "policies" => "settings",
            "users" => "iam",
            "reports" => "analytics",
            same => same,
        }
    }
}

/// What a login is in its organisation.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything.
    Admin,
    /// Plans the day.
    Dispatcher,
    /// Keeps the books.
    Accountant,
    /// Keeps the books; older name of the same role.
    Finance,
    /// Reads.
    Viewer,
    /// Cleans.
    Worker,
}

impl Role {
    /// As it is written everywhere.
    pub fn key(self) -> &'static str {
        self.into()
    }

    /// Shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::Dispatcher => "Dispatcher",
            Self::Accountant => "Accountant",
            Self::Finance => "Finance",
            Self::Viewer => "Viewer",
            Self::Worker => "Worker",
        }
    }

    /// Whether the role holds `permission`. Source: the matrix of the platform specification (1.4), with what the rules
    /// of the business (0.4) add for dispatchers: `bookings.status`, because moving a booking on is their daily work,
    /// and `leads.view`.
    pub fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Owner | Self::Admin => true,
            Self::Dispatcher => matches!(
                permission,
                P::CoreView
                    | P::BookingsView
                    | P::BookingsEdit
                    | P::BookingsAssign
                    | P::BookingsStatus
                    | P::ContactsView
                    | P::ContactsEdit
                    | P::LeadsView
                    | P::ReportsView
            ),
            Self::Accountant | Self::Finance => matches!(
                permission,
                P::CoreView
                    | P::BookingsView
                    | P::InvoicesView
                    | P::InvoicesEdit
                    | P::InvoicesSend
                    | P::PaymentsRecord
                    | P::FinanceView
                    | P::FinanceManage
                    | P::ExportsRun
            ),
            Self::Viewer => matches!(
                permission,
                P::CoreView | P::BookingsView | P::InvoicesView | P::ContactsView | P::ReportsView
            ),
            Self::Worker => matches!(permission, P::BookingsView | P::BookingsStatus),
        }
    }
}

/// Everything one caller may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u32);

impl Permissions {
    /// Everything a built-in role may do.
    pub fn of_role(role: Role) -> Self {
        Permission::VARIANTS.iter().copied().filter(|one| role.may(*one)).collect()
    }

    /// Everything that these keys name; what the catalogue does not know grants nothing.
    pub fn of_keys<'a>(keys: impl Iterator<Item = &'a str>) -> Self {
        keys.filter_map(|key| key.parse().ok()).collect()
    }

    /// Whether `permission` is among them.
    pub const fn contain(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }

    /// Whether all of `others` are among them.
    pub const fn contains_all(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    /// What is among both.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// All but `permission`.
    #[must_use]
    pub const fn without(self, permission: Permission) -> Self {
        Self(self.0 & !(1 << permission as u32))
    }

    /// Their keys, in the order of the catalogue.
    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        let held = Permission::VARIANTS.iter().filter(move |one| self.contain(**one));
        held.map(Into::into)
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(all: I) -> Self {
        Self(all.into_iter().fold(0, |bits, one| bits | 1 << one as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_its_role_holds_and_unknown_keys_grant_nothing() {
        for role in Role::VARIANTS {
            let set = Permissions::of_role(*role);
            for one in Permission::VARIANTS {
                assert_eq!(set.contain(*one), role.may(*one), "{role:?} {one:?}");
            }
            assert_eq!(Permissions::of_keys(set.keys()), set);
        }
        let some = Permissions::of_keys(["leads.view", "leads.edit"].into_iter());
        assert_eq!(some.keys().collect::<Vec<_>>(), ["leads.view"]);
        assert!(Permissions::of_role(Role::Owner).contains_all(some));
        assert!(!some.contains_all(Permissions::of_role(Role::Worker)));
    }

    /// Owner, admin, dispatcher, accountant, finance, viewer, worker. Source: the matrix of the platform specification,
    /// and for dispatchers `bookings.status` and `leads.view`, which the rules of the business add.
    const MATRIX: [(&str, &str); 29] = [
        ("core.view", "xxxxxx."),
        ("bookings.view", "xxxxxxx"),
        ("bookings.edit", "xxx...."),
        ("bookings.assign", "xxx...."),
        ("bookings.status", "xxx...x"),
        ("schedule.blocking.manage", "xx....."),
        ("contacts.view", "xxx..x."),
        ("contacts.edit", "xxx...."),
        ("leads.view", "xxx...."),
        ("leads.manage", "xx....."),
        ("quality.view", "xx....."),
        ("quality.manage", "xx....."),
        ("invoices.view", "xx.xxx."),
        ("invoices.edit", "xx.xx.."),
        ("invoices.send", "xx.xx.."),
        ("payments.record", "xx.xx.."),
        ("finance.view", "xx.xx.."),
        ("finance.manage", "xx.xx.."),
        ("exports.run", "xx.xx.."),
        ("pricing.manage", "xx....."),
        ("policies.manage", "xx....."),
        ("settings.manage", "xx....."),
        ("users.manage", "xx....."),
        ("reports.view", "xxx..x."),
        ("training.view", "xx....."),
        ("training.manage", "xx....."),
        ("inventory.view", "xx....."),
        ("inventory.manage", "xx....."),
        ("admin.manage", "xx....."),
    ];

    #[test]
    fn every_role_holds_what_the_table_says_and_nothing_else() {
        let roles = ["owner", "admin", "dispatcher", "accountant", "finance", "viewer", "worker"];
        assert_eq!(Role::VARIANTS.iter().map(|role| role.key()).collect::<Vec<_>>(), roles);
        let catalogue: Vec<&'static str> = Permission::VARIANTS.iter().map(Into::into).collect();
        assert_eq!(catalogue, MATRIX.map(|(key, _)| key));
        for (permission, (key, row)) in Permission::VARIANTS.iter().zip(MATRIX) {
            let held = |role: &Role| if role.may(*permission) { 'x' } else { '.' };
            assert_eq!(Role::VARIANTS.iter().map(held).collect::<String>(), row, "{key}");
        }
    }

    #[test]
    fn what_is_among_both_and_what_is_left_without_one() {
        let dispatcher = Permissions::of_role(Role::Dispatcher);
        let both = dispatcher.and(Permissions::of_role(Role::Worker));
        assert_eq!(both.keys().collect::<Vec<_>>(), ["bookings.view", "bookings.status"]);
        let left = both.without(Permission::BookingsView);
        assert_eq!(left.keys().collect::<Vec<_>>(), ["bookings.status"]);
    }
}
