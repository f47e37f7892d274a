//! What was paid for invoices, with the tax in it.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use domain::id::OrgId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::currencies::ByCurrency;
use crate::finance::{expenses, instalments};
use crate::spreadsheet;

/// One payment, or what went back of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxed {
    /// Of the event in the log.
    pub position: i64,
    /// Counted in the event.
    pub line: i32,
    /// On which day.
    pub day: NaiveDate,
    /// When.
    pub paid_at: DateTime<Utc>,
    /// Which payment.
    pub payment_id: String,
    /// For which invoice.
    pub invoice_id: Uuid,
    /// What people call it.
    pub invoice_number: String,
    /// How much.
    pub amount_cents: i64,
    /// Of it, tax.
    pub allocated_tax_cents: i64,
    /// Of both.
    pub currency: String,
}

/// What was paid in the days from `from` to `to`, in one currency or in all, the oldest first, behind `after`.
pub async fn taxed(
    db: &mut PgConnection,
    (org, currency): (OrgId, Option<&str>),
    (from, to): (NaiveDate, NaiveDate),
    after: Option<(NaiveDate, i64, i32)>,
    limit: i64,
) -> Result<Vec<Taxed>, sqlx::Error> {
    // Before its first line, so that the index alone finds where a page begins.
    let (day, position, line) = after.unwrap_or((from, 0, 0));
    sqlx::query_as!(
        Taxed,
        "select position, line, day, paid_at, payment_id, invoice_id, invoice_number, amount_cents, allocated_tax_cents,
                currency
         from tax_payment_line
         where org_id = $1 and day <= $2 and (day, position, line) > ($3, $4, $5)
           and ($7::text is null or currency = $7)
         order by day, position, line limit $6",
        org.as_uuid(),
        to,
        day,
        position,
        line,
        limit,
        currency,
    )
    .fetch_all(db)
    .await
}

/// The tax of a time: what was collected, what was paid on expenses, and what is owed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// In what was paid for invoices.
    pub collected_cents: i64,
    /// On expenses.
    pub paid_cents: i64,
    /// Of both.
    pub currency: String,
    /// Payments that count, and what went back of them.
    pub payments: i64,
    /// Expenses that count.
    pub expenses: i64,
}

impl Summary {
    /// What is owed; less than nothing comes back.
    pub const fn owed_cents(&self) -> i64 {
        self.collected_cents - self.paid_cents
    }
}

/// The tax of the days from `from` to `to`: in the currency that is `own`, and in each other one by itself.
pub async fn summary(
    db: &mut PgConnection,
    org: OrgId,
    (from, to): (NaiveDate, NaiveDate),
    own: &str,
) -> Result<ByCurrency<Summary>, sqlx::Error> {
    let all = sqlx::query_as!(
        Summary,
        r#"select currency as "currency!", sum(collected)::bigint as "collected_cents!", sum(paid)::bigint as "paid_cents!",
                  sum(payments)::bigint as "payments!", sum(expenses)::bigint as "expenses!"
           from (select currency, count(*) as payments, sum(allocated_tax_cents) as collected, 0 as expenses, 0 as paid
                 from tax_payment_line where org_id = $1 and day between $2 and $3 group by currency
                 union all
                 select currency, 0, 0, count(*), sum(tax_cents)
                 from expense_list where org_id = $1 and occurred_on between $2 and $3 group by currency) told
           group by currency order by currency"#,
        org.as_uuid(),
        from,
        to,
    )
    .fetch_all(db)
    .await?;
    Ok(ByCurrency::of(all, own, |one| &mut one.currency))
}

/// A table for the tax office. Names and columns are those of the rules of the business, 7.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// What is owed.
    Summary,
    /// What was paid for invoices.
    Payments,
    /// What was spent.
    Expenses,
    /// What was planned to be paid to the tax office.
    Instalments,
}

impl Sheet {
    /// What its file is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Summary => "gst_summary.csv",
            Self::Payments => "gst_payments.csv",
            Self::Expenses => "gst_expenses.csv",
            Self::Instalments => "tax_instalments.csv",
        }
    }

    /// The names of its columns.
    pub fn header(self) -> Result<Vec<u8>, csv::Error> {
        fn named<const N: usize>(names: [&str; N]) -> Result<Vec<u8>, csv::Error> {
            spreadsheet::lines([names.map(Cow::Borrowed)].into_iter())
        }
        match self {
            Self::Summary => named([
                "from_date",
                "to_date",
                "tax_collected_cents",
                "tax_paid_cents",
                "tax_owed_cents",
                "currency_code",
            ]),
            Self::Payments => named([
                "payment_id",
                "invoice_id",
                "invoice_number",
                "paid_at",
                "amount_cents",
                "currency",
                "allocated_tax_cents",
            ]),
            Self::Expenses => named([
                "expense_id",
                "occurred_on",
                "vendor",
                "description",
                "amount_cents",
                "tax_cents",
                "payment_method",
            ]),
            Self::Instalments => {
                named(["instalment_id", "tax_type", "due_on", "amount_cents", "paid_on", "note"])
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "most are numbers")]
fn own(text: impl ToString) -> Cow<'static, str> {
    Cow::Owned(text.to_string())
}

fn maybe(text: Option<&str>) -> Cow<'_, str> {
    Cow::Borrowed(text.unwrap_or_default())
}

impl ByCurrency<Summary> {
    /// A line for the currency of the organisation, and one for each other.
    pub fn lines(&self, (from, to): (NaiveDate, NaiveDate)) -> Result<Vec<u8>, csv::Error> {
        spreadsheet::lines([&self.own].into_iter().chain(&self.others).map(|one| {
            [
                own(from),
                own(to),
                own(one.collected_cents),
                own(one.paid_cents),
                own(one.owed_cents()),
                Cow::Borrowed(one.currency.as_str()),
            ]
        }))
    }
}

impl Taxed {
    /// A line for each.
    pub fn lines(all: &[Self]) -> Result<Vec<u8>, csv::Error> {
        spreadsheet::lines(all.iter().map(|one| {
            [
                Cow::Borrowed(one.payment_id.as_str()),
                own(one.invoice_id),
                Cow::Borrowed(one.invoice_number.as_str()),
                own(one.paid_at.to_rfc3339()),
                own(one.amount_cents),
                Cow::Borrowed(one.currency.as_str()),
                own(one.allocated_tax_cents),
            ]
        }))
    }
}

impl expenses::Row {
    /// A line for each, as it stood at the end of the day `to`: what was paid later was still to be paid.
    pub fn lines(all: &[Self], to: NaiveDate) -> Result<Vec<u8>, csv::Error> {
        spreadsheet::lines(all.iter().map(|one| {
            [
                own(one.expense_id),
                own(one.occurred_on),
                maybe(one.vendor.as_deref()),
                Cow::Borrowed(one.description.as_str()),
                own(one.amount_cents),
                own(one.tax_cents),
                maybe(one.payment_method.as_deref().filter(|_| one.terms().paid_day() <= Some(to))),
            ]
        }))
    }
}

impl instalments::Row {
    /// A line for each, as it stood at the end of the day `to`: what was paid later was still to be paid.
    pub fn lines(all: &[Self], to: NaiveDate) -> Result<Vec<u8>, csv::Error> {
        spreadsheet::lines(all.iter().map(|one| {
            [
                own(one.instalment_id),
                Cow::Borrowed(one.tax_type.as_str()),
                own(one.due_on),
                own(one.amount_cents),
                one.paid_on.filter(|day| *day <= to).map_or(Cow::Borrowed(""), own),
                maybe(one.note.as_deref()),
            ]
        }))
    }
}
