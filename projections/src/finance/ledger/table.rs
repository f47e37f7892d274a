//! Reads what the ledger must know, and writes what is added, in one statement for each table.

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate;
use domain::finance::ledger::{Books, Entry, Line, Taxed};
use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::Invoice;
use domain::payments::payment::Payment;
use sqlx::PgConnection;
use uuid::Uuid;

use super::fold::{Added, Key, Ledger, Source};
use crate::tenant;

pub(super) async fn load(
    db: &mut PgConnection,
    org: OrgId,
    needed: &BTreeSet<Key>,
) -> Result<(Books, BTreeMap<Key, Source>), sqlx::Error> {
    let state = sqlx::query_scalar!(
        r#"select state::text as "state!" from ledger_books where org_id = $1"#,
        org.as_uuid(),
    )
    .fetch_optional(&mut *db)
    .await?;
    let books = match state {
        Some(state) => serde_json::from_str(&state).map_err(unreadable)?,
        None => Books::of(tenant::registered_zone(db, org).await?),
    };
    let rows = sqlx::query!(
        r#"select s.source_type, s.source_id, s.state::text as "state!"
           from unnest($2::text[], $3::text[]) n (kind, id)
           join ledger_source s on s.org_id = $1 and s.source_type = n.kind and s.source_id = n.id"#,
        org.as_uuid(),
        &needed.iter().map(|(kind, _)| *kind).collect::<Vec<_>>() as &[&str],
        &needed.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>() as &[&str],
    )
    .fetch_all(db)
    .await?;
    let known = rows.into_iter().map(|row| {
        let kind = if row.source_type == Invoice::TYPE { Invoice::TYPE } else { Payment::TYPE };
        let source = serde_json::from_str(&row.state).map_err(unreadable)?;
        Ok(((kind, row.source_id), source))
    });
    Ok((books, known.collect::<Result<_, sqlx::Error>>()?))
}

pub(super) async fn write(
    db: &mut PgConnection,
    org: OrgId,
    ledger: &Ledger,
) -> Result<(), sqlx::Error> {
    if ledger.books_changed {
        let state = serde_json::to_string(&ledger.books).map_err(unreadable)?;
        sqlx::query!(
            "insert into ledger_books (org_id, state) values ($1, $2::text::json)
             on conflict (org_id) do update set state = excluded.state",
            org.as_uuid(),
            state,
        )
        .execute(&mut *db)
        .await?;
    }
    write_sources(db, org, ledger).await?;
    super::deposits::write(db, org, &ledger.deposits).await?;
    if ledger.added.is_empty() {
        return Ok(());
    }
    write_lines(db, org, &ledger.added).await?;
    write_taxed(db, org, &ledger.added).await
}

async fn write_sources(
    db: &mut PgConnection,
    org: OrgId,
    ledger: &Ledger,
) -> Result<(), sqlx::Error> {
    if ledger.changed.is_empty() {
        return Ok(());
    }
    let state = |key: &Key| serde_json::to_string(&ledger.sources[key]).map_err(unreadable);
    let states: Vec<String> = ledger.changed.iter().map(state).collect::<Result<_, _>>()?;
    sqlx::query!(
        "insert into ledger_source (org_id, source_type, source_id, state)
         select $1, r.kind, r.id, r.state::json from unnest($2::text[], $3::text[], $4::text[]) r (kind, id, state)
         on conflict (org_id, source_type, source_id) do update set state = excluded.state",
        org.as_uuid(),
        &ledger.changed.iter().map(|(kind, _)| *kind).collect::<Vec<_>>() as &[&str],
        &ledger.changed.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>() as &[&str],
        &states,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A line with its place in the event, and the place of its entry.
type Placed<'a> = (&'a Added, i32, i32, &'a Entry, &'a Line);

fn placed(added: &[Added]) -> Vec<Placed<'_>> {
    let mut all = Vec::new();
    for one in added {
        let entries = (1..).zip(&one.entries);
        let lines = entries.flat_map(|(entry_no, entry)| {
            entry.lines.iter().map(move |line| (entry_no, entry, line))
        });
        all.extend(
            (1..).zip(lines).map(|(no, (entry_no, entry, line))| (one, no, entry_no, entry, line)),
        );
    }
    all
}

async fn write_lines(
    db: &mut PgConnection,
    org: OrgId,
    added: &[Added],
) -> Result<(), sqlx::Error> {
    let all = placed(added);
    sqlx::query!(
        "insert into ledger_entry (org_id, position, line, entry, day, account, debit_cents, credit_cents, currency,
             source_type, source_id, event_type, invoice_id, label)
         select $1, r.* from unnest($2::bigint[], $3::integer[], $4::integer[], $5::date[], $6::text[], $7::bigint[],
             $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::uuid[], $14::text[]) r",
        org.as_uuid(),
        &all.iter().map(|(one, ..)| one.position).collect::<Vec<_>>(),
        &all.iter().map(|(_, line_no, ..)| *line_no).collect::<Vec<_>>(),
        &all.iter().map(|(_, _, entry_no, ..)| *entry_no).collect::<Vec<_>>(),
        &all.iter().map(|(.., entry, _)| entry.day).collect::<Vec<_>>(),
        &all.iter().map(|(.., line)| line.account.into()).collect::<Vec<_>>() as &[&str],
        &all.iter().map(|(.., line)| line.debit_cents).collect::<Vec<_>>(),
        &all.iter().map(|(.., line)| line.credit_cents).collect::<Vec<_>>(),
        &all.iter().map(|(.., entry, _)| entry.currency.into()).collect::<Vec<_>>() as &[&str],
        &all.iter().map(|(one, ..)| one.source_type.as_str()).collect::<Vec<_>>() as &[&str],
        &all.iter().map(|(one, ..)| one.source_id.as_str()).collect::<Vec<_>>() as &[&str],
        &all.iter().map(|(one, ..)| one.event_type.as_str()).collect::<Vec<_>>() as &[&str],
        &all.iter().map(|(.., entry, _)| entry.invoice.map(InvoiceId::as_uuid)).collect::<Vec<_>>() as &[Option<Uuid>],
        &all.iter().map(|(.., line)| line.label.clone()).collect::<Vec<_>>() as &[Option<String>],
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn write_taxed(
    db: &mut PgConnection,
    org: OrgId,
    added: &[Added],
) -> Result<(), sqlx::Error> {
    let all: Vec<(i64, i32, &Taxed)> = added
        .iter()
        .flat_map(|one| (1..).zip(&one.taxed).map(move |(no, taxed)| (one.position, no, taxed)))
        .collect();
    sqlx::query!(
        "insert into tax_payment_line (org_id, position, line, day, paid_at, payment_id, invoice_id, invoice_number,
             amount_cents, allocated_tax_cents, currency)
         select $1, r.* from unnest($2::bigint[], $3::integer[], $4::date[], $5::timestamptz[], $6::text[], $7::uuid[],
             $8::text[], $9::bigint[], $10::bigint[], $11::text[]) r",
        org.as_uuid(),
        &all.iter().map(|(position, ..)| *position).collect::<Vec<_>>(),
        &all.iter().map(|(_, no, _)| *no).collect::<Vec<_>>(),
        &all.iter().map(|(.., one)| one.day).collect::<Vec<_>>(),
        &all.iter().map(|(.., one)| one.paid_at).collect::<Vec<_>>(),
        &all.iter().map(|(.., one)| one.payment_id.as_str()).collect::<Vec<_>>() as &[&str],
        &all.iter().map(|(.., one)| one.invoice_id.as_uuid()).collect::<Vec<_>>(),
        &all.iter().map(|(.., one)| one.invoice_number.as_str()).collect::<Vec<_>>() as &[&str],
        &all.iter().map(|(.., one)| one.amount_cents).collect::<Vec<_>>(),
        &all.iter().map(|(.., one)| one.tax_cents).collect::<Vec<_>>(),
        &all.iter().map(|(.., one)| one.currency.into()).collect::<Vec<_>>() as &[&str],
    )
    .execute(db)
    .await?;
    Ok(())
}

fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
