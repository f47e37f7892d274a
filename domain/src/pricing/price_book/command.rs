//! What can be asked of a price book, and why it is refused.

use chrono::{DateTime, Utc};
use strum::IntoStaticStr;

use crate::id::{AddonId, ServiceAddonId, ServiceTypeId};
use crate::input::{FieldProblem, Problems};
use crate::pricing::catalogue::{AddonChange, ServiceAddonChange, ServiceChange};
use crate::pricing::rates_wire::RatesChange;
use crate::refusal::{Kind, Refusal};
use crate::scheduling::terms::policies_wire::PoliciesChange;

/// What can be asked.
#[derive(Clone, Debug)]
pub enum PriceBookCommand {
    /// Collect the changes that follow instead of publishing each.
    OpenDraft {
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Forget what was collected.
    DiscardDraft {
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let what was collected hold from now on.
    Publish {
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Say something else: in the draft, if one is open; if not, in a version of its own that holds at once.
    Edit {
        /// What.
        edit: Edit,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// One change.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Offer a kind of service.
    AddService(ServiceTypeId, ServiceChange),
    /// Offer it otherwise.
    ChangeService(ServiceTypeId, ServiceChange),
    /// Offer it no more.
    RetireService(ServiceTypeId),
    /// Offer something with a kind of service.
    AddServiceAddon(ServiceTypeId, ServiceAddonId, ServiceAddonChange),
    /// Offer it otherwise.
    ChangeServiceAddon(ServiceAddonId, ServiceAddonChange),
    /// Offer it no more.
    RetireServiceAddon(ServiceAddonId),
    /// Offer an extra under a code.
    AddAddon(AddonId, String, AddonChange),
    /// Offer it otherwise.
    ChangeAddon(AddonId, AddonChange),
    /// Other numbers, another tax or both.
    Settings(RatesChange, Option<u32>),
    /// Other terms.
    Policies(PoliciesChange),
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum PriceBookError {
    /// There is no such kind of service.
    #[error("there is no such service")]
    #[strum(serialize = "service_type.not_found")]
    ServiceNotFound,
    /// Nothing of that id is offered.
    #[error("there is no such add-on")]
    #[strum(serialize = "addon.not_found")]
    AddonNotFound,
    /// There never was such a version.
    #[error("there is no such version of the price book")]
    #[strum(serialize = "price_book.version_not_found")]
    VersionNotFound,
    /// Another kind of service is called so.
    #[error("another service has this name")]
    #[strum(serialize = "service_type.name_taken")]
    NameTaken,
    /// Another extra has it.
    #[error("another add-on has this code")]
    #[strum(serialize = "addon.code_taken")]
    CodeTaken,
    /// It is in the book already.
    #[error("this is in the price book already")]
    #[strum(serialize = "price_book.exists")]
    Exists,
    /// Nobody reads that much.
    #[error("the price book has room for 100 services, 100 add-ons, and 50 add-ons of a service")]
    #[strum(serialize = "price_book.full")]
    Full,
    /// Values that cannot be meant.
    #[error("some values cannot be used")]
    #[strum(serialize = "price_book.invalid")]
    Invalid(Problems),
}

impl From<Problems> for PriceBookError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl Refusal for PriceBookError {
    fn kind(&self) -> Kind {
        match self {
            Self::ServiceNotFound | Self::AddonNotFound | Self::VersionNotFound => Kind::NotFound,
            Self::NameTaken | Self::CodeTaken | Self::Exists | Self::Full => Kind::Conflict,
            Self::Invalid(_) => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn problems(&self) -> &[FieldProblem] {
        match self {
            Self::Invalid(problems) => problems.as_slice(),
            _ => &[],
        }
    }
}
