//! What was paid for visits before their invoice.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use domain::id::OrgId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::spreadsheet;

/// One deposit as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Of the event in the log.
    pub position: i64,
    /// Which payment.
    pub payment_id: String,
    /// For which visit.
    pub booking_id: Uuid,
    /// How it was noticed.
    pub provider: String,
    /// How it was paid.
    pub method: String,
    /// How much; less than nothing was given back by hand.
    pub amount_cents: i64,
    /// In what.
    pub currency: String,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// When that was written down.
    pub created_at: DateTime<Utc>,
    /// On which day it came in, on the clock of the organisation.
    pub day: NaiveDate,
}

pub(super) async fn write(
    db: &mut PgConnection,
    org: OrgId,
    deposits: &[Deposit],
) -> Result<(), sqlx::Error> {
    if deposits.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into deposit_list (org_id, position, payment_id, booking_id, provider, method, amount_cents, currency,
             received_at, created_at, day)
         select $1, r.* from unnest($2::bigint[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::text[],
             $9::timestamptz[], $10::timestamptz[], $11::date[]) r",
        org.as_uuid(),
        &deposits.iter().map(|one| one.position).collect::<Vec<_>>(),
        &deposits.iter().map(|one| one.payment_id.as_str()).collect::<Vec<_>>() as &[&str],
        &deposits.iter().map(|one| one.booking_id).collect::<Vec<_>>(),
        &deposits.iter().map(|one| one.provider.as_str()).collect::<Vec<_>>() as &[&str],
        &deposits.iter().map(|one| one.method.as_str()).collect::<Vec<_>>() as &[&str],
        &deposits.iter().map(|one| one.amount_cents).collect::<Vec<_>>(),
        &deposits.iter().map(|one| one.currency.as_str()).collect::<Vec<_>>() as &[&str],
        &deposits.iter().map(|one| one.received_at).collect::<Vec<_>>(),
        &deposits.iter().map(|one| one.created_at).collect::<Vec<_>>(),
        &deposits.iter().map(|one| one.day).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The deposits that came in, and were given back by hand, from `from` to `to`, as far as these matter: the oldest first, behind `after`.
pub async fn deposits(
    db: &mut PgConnection,
    org: OrgId,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    after: Option<(NaiveDate, i64)>,
    limit: i64,
) -> Result<Vec<Deposit>, sqlx::Error> {
    let (day, position) = after.unzip();
    sqlx::query_as!(
        Deposit,
        "select position, payment_id, booking_id, provider, method, amount_cents, currency, received_at, created_at, day
         from deposit_list
         where org_id = $1 and ($2::date is null or day >= $2) and ($3::date is null or day <= $3)
           and ($4::date is null or (day, position) > ($4, $5::bigint))
         order by day, position limit $6",
        org.as_uuid(),
        from,
        to,
        day,
        position,
        limit,
    )
    .fetch_all(db)
    .await
}

/// In the order of the cells. Source: the rules of the business, 7.4.
const HEADER: [&str; 8] = [
    "payment_id",
    "booking_id",
    "provider",
    "method",
    "amount_cents",
    "currency",
    "received_at",
    "created_at",
];

/// The names of the columns.
pub fn header() -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines([HEADER.map(Cow::Borrowed)].into_iter())
}

/// One line for each of `deposits`.
pub fn rows(deposits: &[Deposit]) -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines(deposits.iter().map(|one| {
        [
            Cow::Borrowed(one.payment_id.as_str()),
            Cow::Owned(one.booking_id.to_string()),
            Cow::Borrowed(one.provider.as_str()),
            Cow::Borrowed(one.method.as_str()),
            Cow::Owned(one.amount_cents.to_string()),
            Cow::Borrowed(one.currency.as_str()),
            Cow::Owned(one.received_at.to_rfc3339()),
            Cow::Owned(one.created_at.to_rfc3339()),
        ]
    }))
}
