//! Reads and writes many rows of the list in one statement each.

use std::collections::HashMap;

use domain::id::{BookingId, OrgId};
use domain::invoicing::invoice::{Details, Invoice, view};
use sqlx::PgConnection;
use uuid::Uuid;

use super::row::{Customer, Known, Row};

/// The rows of those invoices and of those people.
pub(super) async fn load(
    db: &mut PgConnection,
    org: OrgId,
    invoices: &[Uuid],
    people: &[Uuid],
) -> Result<HashMap<Uuid, Row>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select i.invoice_id, i.customer_name, i.customer_email, c.phone as "phone?", c.address as "address?", i.version, i.position,
                  i.state::text as "state!"
           from invoice_list i
           left join invoice_customers c on c.org_id = i.org_id and c.subject_id = i.customer_id
           where i.org_id = $1 and (i.invoice_id = any($2) or i.customer_id = any($3))"#,
        org.as_uuid(),
        invoices,
        people,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let shown = Customer {
            name: row.customer_name,
            email: row.customer_email,
            phone: row.phone,
            address: row.address,
        };
        let state = serde_json::from_str::<Invoice>(&row.state).map_err(unreadable)?;
        let (version, position) = (row.version, row.position);
        Ok((row.invoice_id, Row { state, shown, version, position }))
    });
    row.collect()
}

/// Those of `people` who are known, and whoever was merged into them.
pub(super) async fn load_customers(
    db: &mut PgConnection,
    org: OrgId,
    people: &[Uuid],
) -> Result<HashMap<Uuid, Known>, sqlx::Error> {
    let rows = sqlx::query!(
        "select subject_id, name, email, phone, address, merged_into from invoice_customers
         where org_id = $1 and (subject_id = any($2) or merged_into = any($2))",
        org.as_uuid(),
        people,
    )
    .fetch_all(db)
    .await?;
    let known = rows.into_iter().map(|row| {
        let shown =
            Customer { name: row.name, email: row.email, phone: row.phone, address: row.address };
        (row.subject_id, Known { shown, merged_into: row.merged_into })
    });
    Ok(known.collect())
}

pub(super) async fn write_customers(
    db: &mut PgConnection,
    org: OrgId,
    customers: &HashMap<Uuid, Known>,
) -> Result<(), sqlx::Error> {
    let mut known: Vec<(&Uuid, &Known)> = customers.iter().collect();
    known.sort_unstable_by_key(|(id, _)| **id);
    sqlx::query!(
        "insert into invoice_customers as c (org_id, subject_id, name, email, phone, address, merged_into)
         select $1, r.* from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[]) r
         on conflict (org_id, subject_id) do update
         set name = excluded.name, email = excluded.email, phone = excluded.phone, address = excluded.address,
             merged_into = excluded.merged_into
         where (c.name, c.email, c.phone, c.address, c.merged_into)
               is distinct from (excluded.name, excluded.email, excluded.phone, excluded.address, excluded.merged_into)",
        org.as_uuid(),
        &known.iter().map(|(id, _)| **id).collect::<Vec<_>>(),
        &known.iter().map(|(_, who)| who.shown.name.as_str()).collect::<Vec<_>>() as &[&str],
        &known.iter().map(|(_, who)| who.shown.email.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &known.iter().map(|(_, who)| who.shown.phone.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &known.iter().map(|(_, who)| who.shown.address.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &known.iter().map(|(_, who)| who.merged_into).collect::<Vec<_>>() as &[Option<Uuid>],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Always in the same order, so that two writers cannot wait for each other in a circle.
pub(super) async fn write(
    db: &mut PgConnection,
    org: OrgId,
    rows: impl Iterator<Item = &Row>,
) -> Result<(), sqlx::Error> {
    let mut rows: Vec<(&Row, &Details)> =
        rows.filter_map(|row| Some((row, row.state.details()?))).collect();
    rows.sort_unstable_by_key(|(_, it)| it.invoice_id);
    let states = rows.iter().map(|(row, _)| serde_json::to_string(&row.state));
    let states = states.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    sqlx::query!(
        "insert into invoice_list (org_id, invoice_id, number, order_id, customer_id, status, issue_date, due_date, currency,
             total_cents, balance_cents, customer_name, customer_email, created_at, version, position, search, state)
         select $1, r.id, r.number, r.order_id, r.customer_id, r.status, r.issue_date, r.due_date, r.currency, r.total,
                r.balance, r.name, r.email, r.created_at, r.version, r.position, r.search, r.state::json
         from unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::date[], $8::date[], $9::text[],
                     $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::timestamptz[], $15::integer[],
                     $16::bigint[], $17::text[], $18::text[])
              r (id, number, order_id, customer_id, status, issue_date, due_date, currency, total, balance, name, email,
                 created_at, version, position, search, state)
         on conflict (org_id, invoice_id) do update
         set status = excluded.status, issue_date = excluded.issue_date, due_date = excluded.due_date,
             total_cents = excluded.total_cents, balance_cents = excluded.balance_cents,
             customer_name = excluded.customer_name, customer_email = excluded.customer_email,
             version = excluded.version, position = excluded.position, search = excluded.search, state = excluded.state",
        org.as_uuid(),
        &column(&rows, |_, it| it.invoice_id.as_uuid()),
        &column(&rows, |_, it| it.number.to_string()),
        &column(&rows, |_, it| it.order.map(BookingId::as_uuid)) as &[Option<Uuid>],
        &column(&rows, |_, it| view::customer(it)) as &[Option<Uuid>],
        &column(&rows, |_, it| it.status.into()) as &[&str],
        &column(&rows, |_, it| it.issue_date),
        &column(&rows, |_, it| it.due_date) as &[Option<chrono::NaiveDate>],
        &column(&rows, |_, it| it.currency.into()) as &[&str],
        &column(&rows, |_, it| it.totals.total_cents()),
        &column(&rows, |_, it| it.balance_cents()),
        &column(&rows, |row, _| row.shown.name.as_str()) as &[&str],
        &column(&rows, |row, _| row.shown.email.as_deref()) as &[Option<&str>],
        &column(&rows, |_, it| it.created_at),
        &column(&rows, |row, _| row.version),
        &column(&rows, |row, _| row.position),
        &column(&rows, Row::search),
        &states,
    )
    .execute(db)
    .await?;
    Ok(())
}

fn column<'a, T>(
    rows: &[(&'a Row, &'a Details)],
    field: impl Fn(&'a Row, &'a Details) -> T,
) -> Vec<T> {
    rows.iter().map(|(row, it)| field(row, it)).collect()
}

pub(super) fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
