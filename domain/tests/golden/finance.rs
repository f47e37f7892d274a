//! Samples of everything that happens to the books.

use domain::finance::accounting_export::AccountingExportEvent;
use domain::finance::budget::{self, BudgetEvent};
use domain::finance::cash::{self, CashEvent};
use domain::finance::category::{self, ExpenseCategoryEvent};
use domain::finance::expense::{self, ExpenseEvent};
use domain::finance::instalment::{self, TaxInstalmentEvent};
use domain::finance::month::Month;
use domain::finance::period::PeriodEvent;
use domain::finance::tax_export::{Counts, TaxExportEvent};
use domain::settings::org::Currency;
use uuid::Uuid;

use super::at;

pub(super) fn category() -> Vec<ExpenseCategoryEvent> {
    let terms =
        |name: &str| category::Terms { name: name.to_owned(), is_default: true, sort_order: 2 };
    let category_id = Uuid::from_u128(2).into();
    vec![
        ExpenseCategoryEvent::Added { category_id, terms: terms("Fuel"), at: at(0) },
        ExpenseCategoryEvent::Changed { terms: terms("Gas"), before: terms("Fuel"), at: at(1) },
        ExpenseCategoryEvent::Removed { before: terms("Gas"), at: at(2) },
    ]
}

pub(super) fn expense() -> Vec<ExpenseEvent> {
    let (expense_id, currency) = (Uuid::from_u128(3).into(), Currency::Cad);
    let terms = |amount_cents| expense::Terms {
        occurred_on: "2024-10-04".parse().unwrap(),
        category_id: Uuid::from_u128(2).into(),
        vendor: Some("Soap & Co".to_owned()),
        description: "Soap".to_owned(),
        amount_cents,
        tax_cents: 500,
        receipt_url: Some("https://receipts.example.org/1".to_owned()),
        payment_method: Some("card".to_owned()),
        paid_on: None,
    };
    let bare =
        expense::Terms { vendor: None, receipt_url: None, payment_method: None, ..terms(9_000) };
    let paid = expense::Terms {
        payment_method: Some("etransfer".to_owned()),
        paid_on: Some("2024-11-02".parse().unwrap()),
        ..bare.clone()
    };
    let by = Some("staff".to_owned());
    vec![
        ExpenseEvent::Recorded { expense_id, terms: terms(10_000), currency, by, at: at(0) },
        ExpenseEvent::Corrected {
            expense_id,
            terms: bare.clone(),
            before: terms(10_000),
            currency,
            at: at(1),
        },
        ExpenseEvent::Voided { expense_id, before: bare.clone(), currency, at: at(2) },
        ExpenseEvent::Paid {
            expense_id,
            terms: paid.clone(),
            before: bare.clone(),
            currency,
            at: at(3),
        },
        ExpenseEvent::PaymentCorrected {
            expense_id,
            terms: bare,
            before: paid,
            currency,
            at: at(4),
        },
    ]
}

pub(super) fn budget() -> Vec<BudgetEvent> {
    let terms = |amount_cents| budget::Terms {
        month: "2024-10".parse().unwrap(),
        category_id: Uuid::from_u128(2).into(),
        amount_cents,
    };
    let budget_id = Uuid::from_u128(4).into();
    vec![
        BudgetEvent::Set { budget_id, terms: terms(1), at: at(0) },
        BudgetEvent::Changed { terms: terms(2), before: terms(1), at: at(1) },
        BudgetEvent::Cleared { before: terms(2), at: at(2) },
    ]
}

pub(super) fn cash() -> Vec<CashEvent> {
    let terms = |cash_cents| cash::Terms {
        as_of_date: "2024-10-31".parse().unwrap(),
        cash_cents,
        note: Some("till".to_owned()),
    };
    let snapshot_id = Uuid::from_u128(5).into();
    vec![
        CashEvent::Counted { snapshot_id, terms: terms(-1), at: at(0) },
        CashEvent::Corrected { terms: terms(1), before: terms(-1), at: at(1) },
        CashEvent::Removed { before: terms(1), at: at(2) },
    ]
}

pub(super) fn instalment() -> Vec<TaxInstalmentEvent> {
    let terms = |amount_cents| instalment::Terms {
        tax_type: "GST".to_owned(),
        due_on: "2025-01-31".parse().unwrap(),
        amount_cents,
        note: Some("third quarter".to_owned()),
    };
    let (instalment_id, currency) = (Uuid::from_u128(6).into(), Currency::Cad);
    let on = "2025-01-30".parse().unwrap();
    vec![
        TaxInstalmentEvent::Planned { instalment_id, terms: terms(1), currency, at: at(0) },
        TaxInstalmentEvent::Changed { terms: terms(2), before: terms(1), at: at(1) },
        TaxInstalmentEvent::Paid { on, amount_cents: 2, currency, at: at(2) },
        TaxInstalmentEvent::PaymentWithdrawn { on, amount_cents: 2, currency, at: at(3) },
        TaxInstalmentEvent::Cancelled { before: terms(2), at: at(4) },
    ]
}

pub(super) fn period() -> Vec<PeriodEvent> {
    let month = "2024-10".parse().unwrap();
    vec![PeriodEvent::Closed { month, at: at(0) }, PeriodEvent::Reopened { month, at: at(1) }]
}

pub(super) fn tax_export() -> Vec<TaxExportEvent> {
    let [from, to] = ["2024-10-01", "2024-12-31"].map(|day| day.parse().unwrap());
    let counts = Counts { payments: 3, expenses: 2, instalments: 1 };
    vec![TaxExportEvent::Generated { from, to, counts, sha256: "ab".repeat(32), at: at(0) }]
}

pub(super) fn accounting_export() -> Vec<AccountingExportEvent> {
    let month: Month = "2024-10".parse().unwrap();
    let (from, to, sha256) = (month.first(), month.last(), "ab".repeat(32));
    vec![AccountingExportEvent::Generated { month, from, to, row_count: 3, sha256, at: at(0) }]
}
