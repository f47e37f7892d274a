//! Lines of the ledger, and what they add up to.

use chrono::NaiveDate;
use domain::id::OrgId;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;

/// Lines on a page at most.
pub const PAGE: i64 = 500;

/// One line, with the event it follows from.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// Of the event in the log.
    pub position: i64,
    /// Counted in the event.
    pub line: i32,
    /// On which day.
    pub day: NaiveDate,
    /// Where.
    pub account: String,
    /// Left.
    pub debit_cents: i64,
    /// Right.
    pub credit_cents: i64,
    /// Of both.
    pub currency: String,
    /// To what the event happened.
    pub source_type: String,
    /// To which.
    pub source_id: String,
    /// What happened.
    pub event_type: String,
    /// For which invoice, if for one.
    pub invoice_id: Option<Uuid>,
    /// Of money, how it was paid; of an expense, its category.
    pub label: Option<String>,
}

/// Which lines; what is `None` or empty does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these accounts.
    pub accounts: Vec<&'static str>,
    /// On this day or later.
    pub from: Option<NaiveDate>,
    /// On this day or earlier.
    pub to: Option<NaiveDate>,
    /// What happened to these kinds of things.
    pub sources: Vec<String>,
    /// What happened to this.
    pub source_id: Option<String>,
    /// For this invoice.
    pub invoice: Option<Uuid>,
    /// In this currency.
    pub currency: Option<&'static str>,
    /// For invoices that stand so.
    pub standing: Option<Standing>,
    /// With the tax in what customers paid and in what was paid for expenses, as lines that take it off the money.
    pub without_tax: bool,
}

/// Accounts of no entry: the tax in what customers paid, counted for an invoice, and in what was paid for expenses.
pub const TAX_IN_MONEY: [&str; 2] = ["tax_collected", "tax_paid"];

/// Every line, and those of [`TAX_IN_MONEY`]. These stand behind the lines of their event.
const AND_TAX: &str = " from (
    select org_id, position, line, day, account, debit_cents, credit_cents, currency, source_type, source_id, event_type,
           invoice_id, label
    from ledger_entry
    union all
    select org_id, position, 100000 + line, day, 'tax_collected' collate \"C\", greatest(-allocated_tax_cents, 0),
           greatest(allocated_tax_cents, 0), currency, 'invoice' collate \"C\", invoice_id::text collate \"C\",
           'taxed' collate \"C\", invoice_id, payment_id
    from tax_payment_line where allocated_tax_cents <> 0
    union all
    select org_id, position, 100000, coalesce(paid_on, occurred_on), 'tax_paid' collate \"C\", tax_cents, 0, currency,
           'expense' collate \"C\", expense_id::text collate \"C\", 'taxed' collate \"C\", null::uuid, category_id::text
    from expense_list where payment_method is not null and tax_cents <> 0) l";

/// How an invoice stands at the end of the last day that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Standing {
    /// Something is left to be paid.
    Owed,
    /// More was paid than it comes to.
    Overpaid,
}

impl Filter {
    fn conditions(&self, sql: &mut QueryBuilder<'_, Postgres>, org: OrgId) {
        sql.push(if self.without_tax { AND_TAX } else { " from ledger_entry" });
        sql.push(" where org_id = ").push_bind(org.as_uuid());
        if !self.accounts.is_empty() {
            sql.push(" and account = any(").push_bind(self.accounts.clone()).push(")");
        }
        if let Some(from) = self.from {
            sql.push(" and day >= ").push_bind(from);
        }
        if let Some(to) = self.to {
            sql.push(" and day <= ").push_bind(to);
        }
        if !self.sources.is_empty() {
            sql.push(" and source_type = any(").push_bind(self.sources.clone()).push(")");
        }
        if let Some(id) = &self.source_id {
            sql.push(" and source_id = ").push_bind(id.clone());
        }
        if let Some(invoice) = self.invoice {
            sql.push(" and invoice_id = ").push_bind(invoice);
        }
        if let Some(currency) = self.currency {
            sql.push(" and currency = ").push_bind(currency);
        }
        if let Some(standing) = self.standing {
            sql.push(" and invoice_id in (select invoice_id from ledger_entry where org_id = ");
            sql.push_bind(org.as_uuid()).push(" and account = 'receivable'");
            if let Some(to) = self.to {
                sql.push(" and day <= ").push_bind(to);
            }
            sql.push(" group by invoice_id having sum(debit_cents - credit_cents) ");
            sql.push(match standing {
                Standing::Owed => "> 0)",
                Standing::Overpaid => "< 0)",
            });
        }
    }
}

/// Where a page begins: behind this line.
pub type After = Option<(NaiveDate, i64, i32)>;

/// The lines that match, by their day and in the order of the log, behind `after`.
pub async fn lines(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Line>, sqlx::Error> {
    let mut sql = QueryBuilder::new(
        "select position, line, day, account, debit_cents, credit_cents, currency, source_type, source_id, event_type,
                invoice_id, label",
    );
    filter.conditions(&mut sql, org);
    if let Some((day, position, line)) = after {
        sql.push(" and (day, position, line) > (").push_bind(day).push(", ");
        sql.push_bind(position).push(", ").push_bind(line).push(")");
    }
    sql.push(" order by day, position, line limit ").push_bind(limit);
    sql.build_query_as().fetch_all(db).await
}

/// What stands on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Which.
    pub account: String,
    /// In which currency.
    pub currency: String,
    /// All that stands left.
    pub debit_cents: i64,
    /// All that stands right.
    pub credit_cents: i64,
}

impl Balance {
    /// Left less right.
    pub const fn net_cents(&self) -> i64 {
        self.debit_cents - self.credit_cents
    }
}

/// What stands on every account that has a line from `from`, if that matters, to `to`, both included.
pub async fn balances(
    db: &mut PgConnection,
    org: OrgId,
    (from, to): (Option<NaiveDate>, NaiveDate),
) -> Result<Vec<Balance>, sqlx::Error> {
    sqlx::query_as!(
        Balance,
        r#"select account, currency, sum(debit_cents)::bigint as "debit_cents!", sum(credit_cents)::bigint as "credit_cents!"
           from ledger_entry where org_id = $1 and ($2::date is null or day >= $2) and day <= $3
           group by account, currency order by currency, account"#,
        org.as_uuid(),
        from,
        to,
    )
    .fetch_all(db)
    .await
}

/// What lines of one account and label come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Which.
    pub account: String,
    /// What happened to what.
    pub source_type: String,
    /// Of money, how it was paid; of an expense, its category.
    pub label: Option<String>,
    /// All that stands left.
    pub debit_cents: i64,
    /// All that stands right.
    pub credit_cents: i64,
}

impl Flow {
    /// Left less right.
    pub const fn net_cents(&self) -> i64 {
        self.debit_cents - self.credit_cents
    }
}

/// What moved on every account in the days from `from` to `to`, by what caused it and by label.
pub async fn flows(
    db: &mut PgConnection,
    org: OrgId,
    (from, to): (NaiveDate, NaiveDate),
    currency: &str,
) -> Result<Vec<Flow>, sqlx::Error> {
    sqlx::query_as!(
        Flow,
        r#"select account, source_type, label, sum(debit_cents)::bigint as "debit_cents!",
                  sum(credit_cents)::bigint as "credit_cents!"
           from ledger_entry where org_id = $1 and day between $2 and $3 and currency = $4
           group by account, source_type, label order by account, source_type, label"#,
        org.as_uuid(),
        from,
        to,
        currency,
    )
    .fetch_all(db)
    .await
}

/// What customers owe for invoices on a day, and what they paid too much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// Invoices of which something is left to pay.
    pub invoices: i64,
    /// What is left to pay of them.
    pub owed_cents: i64,
    /// What was paid of others beyond what they come to.
    pub overpaid_cents: i64,
}

/// What is owed for invoices at the end of a day.
pub async fn owed(
    db: &mut PgConnection,
    org: OrgId,
    day: NaiveDate,
    currency: &str,
) -> Result<Owed, sqlx::Error> {
    sqlx::query_as!(
        Owed,
        r#"select count(*) filter (where net > 0) as "invoices!",
                  coalesce(sum(net) filter (where net > 0), 0)::bigint as "owed_cents!",
                  coalesce(-sum(net) filter (where net < 0), 0)::bigint as "overpaid_cents!"
           from (select sum(debit_cents - credit_cents) as net from ledger_entry
                 where org_id = $1 and account = 'receivable' and day <= $2 and currency = $3
                 group by invoice_id) i"#,
        org.as_uuid(),
        day,
        currency,
    )
    .fetch_one(db)
    .await
}

/// How many lines match, and what they come to: left, and right.
pub async fn summary(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
) -> Result<(i64, i64, i64), sqlx::Error> {
    let mut sql = QueryBuilder::new(
        "select count(*), coalesce(sum(debit_cents), 0)::bigint, coalesce(sum(credit_cents), 0)::bigint",
    );
    filter.conditions(&mut sql, org);
    sql.build_query_as().fetch_one(db).await
}

/// The last position of the log from which a line follows.
pub async fn reached(db: &mut PgConnection, org: OrgId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select coalesce(max(position), 0) as "position!" from ledger_entry where org_id = $1"#,
        org.as_uuid(),
    )
    .fetch_one(db)
    .await
}
