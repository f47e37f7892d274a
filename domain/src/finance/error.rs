//! Why the books say no.

use super::month::Month;
use crate::input::{FieldProblem, Problems};
use crate::refusal::{Kind, Refusal};

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum FinanceError {
    /// Something that was sent cannot be used.
    #[error("this cannot be written into the books")]
    #[strum(serialize = "finance.invalid")]
    Invalid(Problems),
    /// The id is in use.
    #[error("this was written into the books before")]
    #[strum(serialize = "finance.already_recorded")]
    AlreadyRecorded,
    /// There is none.
    #[error("there is no such category of expenses")]
    #[strum(serialize = "expense_category.not_found")]
    NoSuchCategory,
    /// An expense names a category that there is not.
    #[error("there is no such category of expenses")]
    #[strum(serialize = "expense.unknown_category")]
    UnknownCategory,
    /// Another one is called so.
    #[error("another category of expenses has this name")]
    #[strum(serialize = "expense_category.name_taken")]
    NameTaken,
    /// Something is written under it.
    #[error("expenses or budgets are written under this category")]
    #[strum(serialize = "expense_category.in_use")]
    CategoryInUse,
    /// There is none.
    #[error("there is no such expense")]
    #[strum(serialize = "expense.not_found")]
    NoSuchExpense,
    /// It was paid before.
    #[error("this expense was paid already")]
    #[strum(serialize = "expense.already_paid")]
    AlreadyPaid,
    /// There is none.
    #[error("there is no such budget")]
    #[strum(serialize = "budget.not_found")]
    NoSuchBudget,
    /// There is one for this month and category.
    #[error("this category has a budget for this month already")]
    #[strum(serialize = "budget.already_set")]
    BudgetTaken,
    /// There is none.
    #[error("there is no such count of cash")]
    #[strum(serialize = "cash_snapshot.not_found")]
    NoSuchSnapshot,
    /// There is one for this date.
    #[error("cash was counted on this date already")]
    #[strum(serialize = "cash_snapshot.date_taken")]
    DateTaken,
    /// There is none.
    #[error("there is no such instalment")]
    #[strum(serialize = "tax_instalment.not_found")]
    NoSuchInstalment,
    /// That month was not written.
    #[error("this month was not written down for accountants, or is not over")]
    #[strum(serialize = "accounting_export.not_found")]
    NoSuchExport,
    /// What was paid stays as it was paid.
    #[error("this instalment was paid; take the payment back first")]
    #[strum(serialize = "tax_instalment.paid")]
    InstalmentPaid,
    /// It still goes on.
    #[error("a month is closed after its last day")]
    #[strum(serialize = "period.not_over")]
    NotOver,
    /// Its books are closed.
    #[error("the books of {0} are closed")]
    #[strum(serialize = "period_closed")]
    PeriodClosed(Month),
}

impl Refusal for FinanceError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoSuchCategory
            | Self::NoSuchExpense
            | Self::NoSuchBudget
            | Self::NoSuchSnapshot
            | Self::NoSuchInstalment
            | Self::NoSuchExport => Kind::NotFound,
            Self::Invalid(_) => Kind::Invalid,
            Self::UnknownCategory => Kind::Rule,
            Self::AlreadyRecorded
            | Self::AlreadyPaid
            | Self::NameTaken
            | Self::CategoryInUse
            | Self::BudgetTaken
            | Self::DateTaken
            | Self::InstalmentPaid
            | Self::NotOver
            | Self::PeriodClosed(_) => Kind::Conflict,
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

    fn member(&self) -> Option<(&'static str, serde_json::Value)> {
        match self {
            Self::PeriodClosed(month) => Some(("month", serde_json::json!(month))),
            _ => None,
        }
    }
}

impl From<Problems> for FinanceError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}
