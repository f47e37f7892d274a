//! Identifiers. A function that takes a `LeadId` cannot be handed a `QuoteId`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// An id with this value.
            pub const fn new(raw: Uuid) -> Self {
                Self(raw)
            }

            /// The raw value, for SQL binds.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(raw: Uuid) -> Self {
                Self(raw)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(raw: &str) -> Result<Self, Self::Err> {
                raw.parse().map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// A tenant: one cleaning business.
    OrgId,
    /// A person whose data is sealed under a key of their own.
    SubjectId,
    /// Someone who asked for an offer.
    LeadId,
    /// One offer made to a lead.
    QuoteId,
    /// Somebody who signs in with an address and a password.
    UserId,
    /// One login, until it is renewed or ends.
    SessionId,
    /// One visit to clean, asked for or done.
    BookingId,
    /// Somebody whose home is cleaned.
    ClientId,
    /// A place where somebody's home is.
    AddressId,
    /// Workers who go out together.
    TeamId,
    /// Somebody who cleans.
    WorkerId,
    /// A kind of service that an organisation offers.
    ServiceTypeId,
    /// What can be had with one kind of service.
    ServiceAddonId,
    /// An extra that can be had with any visit.
    AddonId,
    /// What checklists are made of.
    ChecklistTemplateId,
    /// Something on the checklist of a visit.
    RunItemId,
    /// A photo of a visit.
    PhotoId,
    /// A certificate of a worker.
    CertificateId,
    /// Something written down about a worker, or said to them.
    WorkerNoteId,
    /// A visit that comes again and again.
    SubscriptionId,
    /// What somebody is to pay.
    InvoiceId,
    /// Part of an invoice that need not be paid any more.
    CreditId,
    /// Money that went back.
    RefundId,
    /// What expenses are sorted by.
    ExpenseCategoryId,
    /// Money that was spent.
    ExpenseId,
    /// What may be spent in a month.
    BudgetId,
    /// Cash as it was counted.
    CashSnapshotId,
    /// What the tax office gets.
    TaxInstalmentId,
    /// Somebody says that something is wrong.
    DisputeId,
    /// A login of a client or a worker, from the link that was sent to its end.
    PortalSessionId,
    /// A role of an organisation's own.
    RoleId,
    /// What a program acts with.
    ApiTokenId,
    /// A time in which writing is allowed although it is not.
    BreakGlassId,
    /// One command: the same id is never carried out twice in an organisation.
    CommandId,
}

/// A user is a person with a key of their own.
impl From<UserId> for SubjectId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

/// A client is a person with a key of their own.
impl From<ClientId> for SubjectId {
    fn from(client: ClientId) -> Self {
        Self(client.0)
    }
}

/// A worker is a person with a key of their own.
impl From<WorkerId> for SubjectId {
    fn from(worker: WorkerId) -> Self {
        Self(worker.0)
    }
}
