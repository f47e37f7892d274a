//! Why an invoice says no.

use chrono::{DateTime, Utc};

use super::status::Status;
use crate::id::InvoiceId;
use crate::input::{FieldProblem, Problems};
use crate::refusal::{Kind, Refusal};

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum InvoiceError {
    /// There is none.
    #[error("there is no such invoice")]
    #[strum(serialize = "invoice.not_found")]
    NotFound,
    /// The id is in use.
    #[error("this invoice was drafted before")]
    #[strum(serialize = "invoice.already_drafted")]
    AlreadyDrafted,
    /// Something that was sent cannot be read.
    #[error("the invoice has unusable values")]
    #[strum(serialize = "invoice.lines_invalid")]
    Invalid(Problems),
    /// It would be due before it counts.
    #[error("an invoice cannot be due before its date of issue")]
    #[strum(serialize = "invoice.dates_invalid")]
    DatesInvalid,
    /// It costs something else than was said, and nobody said why.
    #[error("PRICE_ADJUST reason required for invoice change")]
    #[strum(serialize = "invoice.price_adjust_reason_required")]
    PriceAdjustReasonRequired,
    /// There is one already for this visit.
    #[error("there is an invoice for this visit already; say allow_additional to write another")]
    #[strum(serialize = "invoice.already_invoiced")]
    AlreadyInvoiced(InvoiceId),
    /// The state forbids it.
    #[error("an invoice that is {0} does not allow this")]
    #[strum(serialize = "invoice.illegal_state")]
    IllegalState(Status),
    /// It does not count any more.
    #[error("this invoice is void")]
    #[strum(serialize = "invoice.void")]
    Void,
    /// Nobody knows where to write to.
    #[error("the customer has no e-mail address")]
    #[strum(serialize = "invoice.email_missing")]
    EmailMissing,
    /// It is paid.
    #[error("nothing is left to pay")]
    #[strum(serialize = "invoice.nothing_due")]
    NothingDue,
    /// They have just been written to.
    #[error("the customer was written to about this invoice less than 24 hours ago")]
    #[strum(serialize = "invoice.mailed_lately")]
    MailedLately(DateTime<Utc>),
    /// They have just been written to about another one; `None`: at this moment.
    #[error("the customer was written to about another invoice less than 24 hours ago")]
    #[strum(serialize = "invoice.recipient_mailed_lately")]
    RecipientMailedLately(Option<DateTime<Utc>>),
    /// Not an amount for this.
    #[error("this amount is not possible")]
    #[strum(serialize = "invoice.amount_invalid")]
    AmountInvalid(Problems),
    /// It is in another currency.
    #[error("this money is in another currency than the invoice")]
    #[strum(serialize = "invoice.currency_differs")]
    CurrencyDiffers,
    /// The money goes back first.
    #[error("this invoice has payments; refund them first")]
    #[strum(serialize = "invoice.has_payments")]
    HasPayments,
    /// Nobody said why.
    #[error("a reason has 1 to 500 characters")]
    #[strum(serialize = "invoice.reason_required")]
    ReasonRequired,
    /// There is none.
    #[error("there is no such payment of this invoice")]
    #[strum(serialize = "invoice.payment_not_found")]
    NoSuchPayment,
    /// There is none.
    #[error("there is no such link to this invoice")]
    #[strum(serialize = "invoice.link_not_found")]
    NoSuchLink,
    /// More than anybody hands out.
    #[error("an invoice has at most 100 links")]
    #[strum(serialize = "invoice.too_many_links")]
    TooManyLinks,
}

impl Refusal for InvoiceError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::NoSuchPayment | Self::NoSuchLink => Kind::NotFound,
            Self::Invalid(_)
            | Self::DatesInvalid
            | Self::AmountInvalid(_)
            | Self::ReasonRequired => Kind::Invalid,
            Self::PriceAdjustReasonRequired
            | Self::Void
            | Self::EmailMissing
            | Self::NothingDue => Kind::Rule,
            Self::AlreadyDrafted
            | Self::AlreadyInvoiced(_)
            | Self::IllegalState(_)
            | Self::MailedLately(_)
            | Self::RecipientMailedLately(_)
            | Self::CurrencyDiffers
            | Self::HasPayments
            | Self::TooManyLinks => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn problems(&self) -> &[FieldProblem] {
        match self {
            Self::Invalid(problems) | Self::AmountInvalid(problems) => problems.as_slice(),
            _ => &[],
        }
    }

    fn member(&self) -> Option<(&'static str, serde_json::Value)> {
        match self {
            Self::MailedLately(at) | Self::RecipientMailedLately(Some(at)) => {
                Some(("last_mail_at", serde_json::json!(at)))
            }
            Self::AlreadyInvoiced(by) => Some(("invoice_id", serde_json::json!(by))),
            _ => None,
        }
    }
}

impl From<Problems> for InvoiceError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}
