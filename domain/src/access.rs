//! Who may do what: the seven built-in roles and the permission each route asks for.

use strum::{EnumString, IntoStaticStr, VariantArray};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $key:literal),+ $(,)?) => {
        /// One thing a caller may be allowed to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, EnumString, VariantArray)]
        pub enum Permission {$(
            $(#[$doc])*
            #[strum(serialize = $key)]
            $name,
        )+}
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

/// What a login is in its organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, EnumString, VariantArray)]
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
    /// Whether the role holds `permission`. Source: the matrix of the platform specification, with the additions it
    /// recommends for dispatchers (`bookings.status`, `leads.view`).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_its_29_keys_and_each_role_its_count() {
        assert_eq!(Permission::VARIANTS.len(), 29);
        let counts = Role::VARIANTS.iter().map(|role| {
            Permission::VARIANTS.iter().filter(|permission| role.may(**permission)).count()
        });
        assert_eq!(counts.collect::<Vec<_>>(), [29, 29, 9, 9, 9, 5, 2]);
    }
}
