//! What stands behind a figure: the first lines of the ledger, each with its event, how many there are, and where the others are.

use chrono::NaiveDate;
use domain::id::OrgId;
use projections::finance::ledger::{self, Filter, Standing};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::ledger::shown;
use crate::problem::Problem;

/// Lines behind one figure at most.
pub(super) const FIRST: i64 = 100;

/// What a figure is made of.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) accounts: &'static [&'static str],
    pub(super) sources: &'static [&'static str],
    /// Of receivables: those of which invoices.
    standing: Option<Standing>,
    /// Whether the tax in money is taken off.
    without_tax: bool,
}

impl Figure {
    /// From every line of these accounts, or from those that follow from these kinds of things.
    pub(super) const fn of(
        name: &'static str,
        accounts: &'static [&'static str],
        sources: &'static [&'static str],
    ) -> Self {
        Self { name, accounts, sources, standing: None, without_tax: false }
    }

    /// With the tax taken off the money.
    pub(super) const fn without_tax(self) -> Self {
        Self { without_tax: true, ..self }
    }

    /// From the receivables for invoices that stand so.
    pub(super) const fn receivable(name: &'static str, standing: Standing) -> Self {
        let standing = Some(standing);
        Self { name, accounts: &["receivable"], sources: &[], standing, without_tax: false }
    }
}

/// What stands behind each of `figures`.
pub(super) async fn all(
    db: &mut PgConnection,
    org: OrgId,
    figures: &[Figure],
    (from, to): (Option<NaiveDate>, NaiveDate),
    currency: &'static str,
) -> Result<Value, Problem> {
    let mut told = serde_json::Map::new();
    for figure in figures {
        let mut accounts = figure.accounts.to_vec();
        if figure.without_tax {
            accounts.extend(ledger::TAX_IN_MONEY);
        }
        let filter = Filter {
            accounts,
            without_tax: figure.without_tax,
            from,
            to: Some(to),
            sources: figure.sources.iter().map(|&source| source.to_owned()).collect(),
            currency: Some(currency),
            standing: figure.standing,
            ..Filter::default()
        };
        let (count, debit, credit) = ledger::summary(db, org, &filter).await?;
        let lines = ledger::lines(db, org, &filter, None, FIRST).await?;
        let mut asked = vec![format!("account={}", figure.accounts.join(","))];
        if !figure.sources.is_empty() {
            asked.push(format!("source={}", figure.sources.join(",")));
        }
        asked.push(format!("currency={currency}"));
        asked.extend(figure.standing.map(|one| format!("standing={}", <&str>::from(one))));
        asked.extend(figure.without_tax.then(|| "without_tax=1".to_owned()));
        asked.extend(from.map(|from| format!("from={from}")));
        asked.push(format!("to={to}"));
        let all = format!("/v1/admin/finance/ledger?{}", asked.join("&"));
        let lines: Vec<Value> = lines.iter().map(|line| shown(org, line)).collect();
        let behind = json!({
            "count": count, "debit_cents": debit, "credit_cents": credit, "items": lines, "all": all,
        });
        told.insert(figure.name.to_owned(), behind);
    }
    Ok(Value::Object(told))
}
