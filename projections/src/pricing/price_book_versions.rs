//! Every version of the price book that was ever published: what bookings and estimates name.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::OrgId;
use domain::pricing::book::Book;
use domain::pricing::price_book::{PriceBook, PriceBookEvent};
use domain::recorded::Recorded;
use sqlx::PgConnection;

use crate::{Batch, Parking, Poison, Projection};

/// Versions on a page at most.
pub const PAGE: i64 = 200;

/// Keeps the `price_book_versions` table.
#[derive(Debug)]
pub struct PriceBookVersions;

impl Projection for PriceBookVersions {
    const NAME: &'static str = "price_book_versions";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["price_book_versions"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let (rows, poison) = published(batch.events);
        if !rows.is_empty() {
            write(db, batch.org, &rows).await?;
        }
        Ok(poison)
    }
}

/// A version without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The first is 1.
    pub number: i32,
    /// Digest of what it says.
    pub hash: String,
    /// Since when it held.
    pub published_at: DateTime<Utc>,
    /// Of its event in the log.
    pub position: i64,
}

/// By number.
type Rows = BTreeMap<i32, (Row, String)>;

fn published(events: &[&Recorded]) -> (Rows, Vec<Poison>) {
    let (mut parking, mut rows) = (Parking::default(), Rows::new());
    for &event in events {
        if event.aggregate_type != PriceBook::TYPE || parking.holds(event) {
            continue;
        }
        let Some(happened) = parking.unless_broken(event, event.of::<PriceBook>()) else {
            continue;
        };
        match happened {
            PriceBookEvent::Published { version, hash, book, at } => {
                let (Ok(number), Ok(book)) = (version.try_into(), serde_json::to_string(&book))
                else {
                    parking.park(event, "the version cannot be numbered");
                    continue;
                };
                let row = Row { number, hash, published_at: at, position: event.position };
                rows.insert(number, (row, book));
            }
            // What stands in drafts only.
            PriceBookEvent::DraftOpened { .. }
            | PriceBookEvent::DraftDiscarded { .. }
            | PriceBookEvent::ServiceDefined { .. }
            | PriceBookEvent::ServiceRetired { .. }
            | PriceBookEvent::AddonDefined { .. }
            | PriceBookEvent::RatesChanged { .. }
            | PriceBookEvent::TaxChanged { .. }
            | PriceBookEvent::PoliciesChanged { .. } => {}
        }
    }
    (rows, parking.into_poison())
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &Rows) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into price_book_versions (org_id, number, hash, published_at, position, book)
         select $1, r.number, r.hash, r.published_at, r.position, r.book::json
         from unnest($2::integer[], $3::text[], $4::timestamptz[], $5::bigint[], $6::text[])
              r (number, hash, published_at, position, book)",
        org.as_uuid(),
        &rows.keys().copied().collect::<Vec<_>>(),
        &rows.values().map(|(row, _)| row.hash.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.values().map(|(row, _)| row.published_at).collect::<Vec<_>>(),
        &rows.values().map(|(row, _)| row.position).collect::<Vec<_>>(),
        &rows.values().map(|(_, book)| book.as_str()).collect::<Vec<_>>() as &[&str],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Versions, the newest first, before the one numbered `before`.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "select number, hash, published_at, position from price_book_versions
         where org_id = $1 and ($2::integer is null or number < $2)
         order by number desc limit $3",
        org.as_uuid(),
        before,
        limit,
    )
    .fetch_all(db)
    .await
}

/// A version and what it says, if it was ever published.
pub async fn find(
    db: &mut PgConnection,
    org: OrgId,
    number: i32,
) -> Result<Option<(Row, Book)>, sqlx::Error> {
    let row = sqlx::query!(
        "select number, hash, published_at, position, book from price_book_versions
         where org_id = $1 and number = $2",
        org.as_uuid(),
        number,
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let book = serde_json::from_value(row.book);
    let book = book.map_err(|error| sqlx::Error::Decode(error.into()))?;
    let (hash, published_at, position) = (row.hash, row.published_at, row.position);
    Ok(Some((Row { number: row.number, hash, published_at, position }, book)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LEAD as ID, at, recorded};

    #[test]
    fn what_was_published_is_kept_and_drafts_are_not() {
        let book = Book::default();
        let published = |version| PriceBookEvent::Published {
            version,
            hash: book.hash(),
            book: Box::new(book.clone()),
            at: at(2),
        };
        let opened = PriceBookEvent::DraftOpened { from: 0, at: at(1) };
        let events = [opened, published(1), published(2)];
        let log: Vec<Recorded> = (1..)
            .zip(&events)
            .map(|(n, event)| recorded::<PriceBook>(i64::from(n), n, ID, event))
            .collect();
        let (rows, poison) = super::published(&log.iter().collect::<Vec<_>>());
        assert_eq!((rows.keys().copied().collect::<Vec<_>>(), poison.len()), (vec![1, 2], 0));
        assert_eq!((rows[&2].0.position, rows[&2].0.published_at), (3, at(2)));
    }
}
