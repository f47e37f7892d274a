//! Subscriptions as their aggregates fold them, and what became of each day on which somebody was to come.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use domain::id::{OrgId, SubscriptionId};
use domain::recorded::Recorded;
use domain::scheduling::subscription::{Details, Status, Subscription, SubscriptionEvent};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// Subscriptions, or days of one, on a page at most.
pub const PAGE: i64 = 200;

/// Keeps the `subscription_list` table, and that of the days.
#[derive(Debug)]
pub struct SubscriptionList;

impl Projection for SubscriptionList {
    const NAME: &'static str = "subscription_list";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["subscription_list", "subscription_visits"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let ids = batch.ids_of(Subscription::TYPE);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = List { rows: load(db, batch.org, &ids).await?, visits: Vec::new() };
        let poison = list.fold(batch.events);
        write(db, batch.org, &list.rows).await?;
        write_visits(db, batch.org, &list.visits).await?;
        Ok(poison)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    subscription: Subscription,
    updated_at: DateTime<Utc>,
    version: i32,
    position: i64,
}

/// A day, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Of which subscription.
    pub subscription_id: Uuid,
    /// On the clock of the organisation.
    pub date: NaiveDate,
    /// The booking, if somebody was to come.
    pub booking_id: Option<Uuid>,
    /// Why nobody was.
    pub reason: Option<String>,
    /// When that was decided.
    pub at: DateTime<Utc>,
    /// Of its event in the log.
    pub position: i64,
}

#[derive(Debug, Default)]
struct List {
    rows: HashMap<Uuid, Kept>,
    visits: Vec<Visit>,
}

impl List {
    fn fold(&mut self, events: &[&Recorded]) -> Vec<Poison> {
        let mut parking = Parking::default();
        for &event in events {
            if event.aggregate_type != Subscription::TYPE || parking.holds(event) {
                continue;
            }
            let decoded = event.of::<Subscription>();
            let Some(happened) = parking.unless_broken(event, decoded) else { continue };
            let Ok(id) = event.aggregate_id.parse() else {
                parking.park(event, "the id of a subscription is a UUID");
                continue;
            };
            let began = matches!(happened, SubscriptionEvent::Started { .. });
            if !self.rows.contains_key(&id) && !began {
                parking.park(event, "the subscription never began");
                continue;
            }
            self.visits.extend(visit(id, event.position, &happened));
            let row = self.rows.entry(id).or_insert_with(|| Kept {
                subscription: Subscription::default(),
                updated_at: happened.at(),
                version: 0,
                position: 0,
            });
            row.updated_at = happened.at();
            row.subscription.apply(happened);
            (row.version, row.position) = (event.sequence, event.position);
        }
        parking.into_poison()
    }
}

/// What an event says about a day.
fn visit(subscription_id: Uuid, position: i64, event: &SubscriptionEvent) -> Option<Visit> {
    use SubscriptionEvent as E;

    let (date, booking_id, reason, at) = match event {
        E::OccurrenceScheduled { date, booking, at, .. } => {
            (*date, Some(booking.as_uuid()), None, *at)
        }
        E::OccurrenceSkipped { date, reason, at, .. } => {
            (*date, None, Some(<&str>::from(reason).to_owned()), *at)
        }
        E::Started { .. }
        | E::Paused { .. }
        | E::Resumed { .. }
        | E::Cancelled { .. }
        | E::PlanChanged { .. }
        | E::NextRunMoved { .. } => return None,
    };
    Some(Visit { subscription_id, date, booking_id, reason, at, position })
}

async fn load(
    db: &mut PgConnection,
    org: OrgId,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Kept>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select subscription_id, updated_at, version, position, state::text as "state!"
           from subscription_list where org_id = $1 and subscription_id = any($2)"#,
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let subscription = Subscription::Known(Box::new(known(&row.state)?));
        let (updated_at, version, position) = (row.updated_at, row.version, row.position);
        Ok((row.subscription_id, Kept { subscription, updated_at, version, position }))
    });
    row.collect()
}

async fn write(
    db: &mut PgConnection,
    org: OrgId,
    rows: &HashMap<Uuid, Kept>,
) -> Result<(), sqlx::Error> {
    let known = rows.iter().filter_map(|(id, row)| Some((*id, row, row.subscription.details()?)));
    let mut known: Vec<(Uuid, &Kept, &Details)> = known.collect();
    known.sort_unstable_by_key(|(id, ..)| *id);
    let states = known.iter().map(|(_, _, details)| serde_json::to_string(details));
    let states = states.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    sqlx::query!(
        "insert into subscription_list (org_id, subscription_id, client_id, status, next_run, created_at, updated_at,
             version, position, state)
         select $1, r.id, r.client_id, r.status, r.next_run, r.created_at, r.updated_at, r.version, r.position,
                r.state::json
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::timestamptz[], $7::timestamptz[],
                     $8::integer[], $9::bigint[], $10::text[])
              r (id, client_id, status, next_run, created_at, updated_at, version, position, state)
         on conflict (org_id, subscription_id) do update
         set status = excluded.status, next_run = excluded.next_run, updated_at = excluded.updated_at,
             version = excluded.version, position = excluded.position, state = excluded.state",
        org.as_uuid(),
        &known.iter().map(|(id, ..)| *id).collect::<Vec<_>>(),
        &known.iter().map(|(_, _, it)| it.client.as_uuid()).collect::<Vec<_>>(),
        &known.iter().map(|(_, _, it)| it.status.into()).collect::<Vec<&str>>() as &[&str],
        &known.iter().map(|(_, _, it)| it.next_run).collect::<Vec<_>>(),
        &known.iter().map(|(_, _, it)| it.created_at).collect::<Vec<_>>(),
        &known.iter().map(|(_, row, _)| row.updated_at).collect::<Vec<_>>(),
        &known.iter().map(|(_, row, _)| row.version).collect::<Vec<_>>(),
        &known.iter().map(|(_, row, _)| row.position).collect::<Vec<_>>(),
        &states,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn write_visits(
    db: &mut PgConnection,
    org: OrgId,
    visits: &[Visit],
) -> Result<(), sqlx::Error> {
    if visits.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into subscription_visits (org_id, subscription_id, date, booking_id, reason, at, position)
         select $1, v.id, v.date, v.booking_id, v.reason, v.at, v.position
         from unnest($2::uuid[], $3::date[], $4::uuid[], $5::text[], $6::timestamptz[], $7::bigint[])
              v (id, date, booking_id, reason, at, position)",
        org.as_uuid(),
        &visits.iter().map(|one| one.subscription_id).collect::<Vec<_>>(),
        &visits.iter().map(|one| one.date).collect::<Vec<_>>(),
        &visits.iter().map(|one| one.booking_id).collect::<Vec<_>>() as &[Option<Uuid>],
        &visits.iter().map(|one| one.reason.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &visits.iter().map(|one| one.at).collect::<Vec<_>>(),
        &visits.iter().map(|one| one.position).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

fn known(state: &str) -> Result<Details, sqlx::Error> {
    serde_json::from_str(state).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

/// A subscription in a list; personal values are sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What is known.
    pub subscription: Details,
    /// When anything last happened to it.
    pub updated_at: DateTime<Utc>,
    /// What became of the last day on which somebody was to come.
    pub last: Option<Visit>,
}

/// Which subscriptions.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// That stand so.
    pub status: Option<Status>,
    /// Of one of these clients; none is any.
    pub clients: Vec<Uuid>,
}

/// Subscriptions that are behind `after`, whichever began last first.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let (at, id) = after.unzip();
    let status: Option<&str> = filter.status.map(Into::into);
    let rows = sqlx::query!(
        r#"select s.subscription_id, s.updated_at, s.state::text as "state!", v.date as "date?", v.booking_id as "booking_id?",
                  v.reason as "reason?", v.at as "at?", v.position as "position?"
           from subscription_list s
           left join lateral (select * from subscription_visits v
                              where v.org_id = s.org_id and v.subscription_id = s.subscription_id
                              order by v.position desc limit 1) v on true
           where s.org_id = $1 and ($2::text is null or s.status = $2) and (cardinality($3::uuid[]) = 0 or s.client_id = any($3))
             and ($4::timestamptz is null or (s.created_at, s.subscription_id) < ($4, $5))
           order by s.created_at desc, s.subscription_id desc limit $6"#,
        org.as_uuid(),
        status,
        &filter.clients,
        at,
        id,
        limit,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let last = row.date.zip(row.at).zip(row.position).map(|((date, at), position)| Visit {
            subscription_id: row.subscription_id,
            date,
            booking_id: row.booking_id,
            reason: row.reason,
            at,
            position,
        });
        Ok(Row { subscription: known(&row.state)?, updated_at: row.updated_at, last })
    });
    row.collect()
}

/// Those of some clients by which somebody comes.
pub async fn running(
    db: &mut PgConnection,
    org: OrgId,
    clients: &[Uuid],
) -> Result<Vec<SubscriptionId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "select subscription_id from subscription_list
         where org_id = $1 and client_id = any($2) and status in ('ACTIVE', 'TRIAL')
         order by created_at, subscription_id",
        org.as_uuid(),
        clients,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(SubscriptionId::from).collect())
}

/// The days of a subscription, the latest decision first, before the one at position `before` of the log.
pub async fn visits(
    db: &mut PgConnection,
    org: OrgId,
    subscription: SubscriptionId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Visit>, sqlx::Error> {
    sqlx::query_as!(
        Visit,
        "select subscription_id, date, booking_id, reason, at, position from subscription_visits
         where org_id = $1 and subscription_id = $2 and ($3::bigint is null or position < $3)
         order by position desc limit $4",
        org.as_uuid(),
        subscription.as_uuid(),
        before,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Visits that are not made on a day, or of which that turned out from the first instant to the second, in the order of the log:
/// those of subscriptions that go on, whose customers nobody visits on that day otherwise. Days are those of `zone`.
pub async fn skipped(
    db: &mut PgConnection,
    org: OrgId,
    (date, from, until): (NaiveDate, DateTime<Utc>, DateTime<Utc>),
    zone: &str,
    limit: i64,
) -> Result<Vec<Visit>, sqlx::Error> {
    sqlx::query_as!(
        Visit,
        "select v.subscription_id, v.date, v.booking_id, v.reason, v.at, v.position
         from subscription_visits v
         join subscription_list s on s.org_id = v.org_id and s.subscription_id = v.subscription_id
         where v.org_id = $1 and v.booking_id is null and (v.date = $2 or v.at >= $3 and v.at < $4)
           and s.status <> 'CANCELED'
           and not exists (
               select from booking_list b
               where b.org_id = v.org_id and b.client_id = s.client_id and b.status <> 'CANCELLED'
                 and b.starts_at >= v.date::timestamp at time zone $5
                 and b.starts_at < (v.date + 1)::timestamp at time zone $5)
         order by v.position limit $6",
        org.as_uuid(),
        date,
        from,
        until,
        zone,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Subscriptions whose next day is `until` at the latest, the earliest first.
pub async fn due(
    db: &mut PgConnection,
    org: OrgId,
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<(SubscriptionId, NaiveDate)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select subscription_id, next_run from subscription_list
         where org_id = $1 and next_run <= $2 and status in ('ACTIVE', 'TRIAL')
         order by next_run, subscription_id limit $3",
        org.as_uuid(),
        until,
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.subscription_id.into(), row.next_run)).collect())
}

#[cfg(test)]
mod tests {
    use domain::scheduling::subscription::SkipReason;
    use domain::scheduling::subscription::plan::{Plan, Rhythm};

    use super::*;
    use crate::fixture::{LEAD as ID, at, recorded};

    fn log() -> Vec<Recorded> {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let started = SubscriptionEvent::Started {
            subscription_id: ID.into(),
            client: ID.into(),
            plan: Plan {
                frequency: Rhythm::Weekly,
                start_date: day("2030-03-04"),
                preferred_weekday: None,
                preferred_day_of_month: None,
                base_service_type: "standard".to_owned(),
            },
            price_cents: 10_500,
            price_book: None,
            next_run: day("2030-03-04"),
            at: at(1),
        };
        let booking = Uuid::from_u128(9).into();
        let events = [
            started,
            SubscriptionEvent::OccurrenceScheduled {
                date: day("2030-03-04"),
                booking,
                next_run: day("2030-03-11"),
                at: at(2),
            },
            SubscriptionEvent::OccurrenceSkipped {
                date: day("2030-03-11"),
                reason: SkipReason::SlotTaken,
                next_run: day("2030-03-18"),
                at: at(3),
            },
        ];
        let numbered = (1..).zip(&events);
        numbered.map(|(n, e)| recorded::<Subscription>(i64::from(n), n, ID, e)).collect()
    }

    #[test]
    fn the_row_is_what_the_aggregate_folds_and_every_day_has_a_line() {
        let (log, mut list) = (log(), List::default());
        assert_eq!(list.fold(&log.iter().collect::<Vec<_>>()), []);
        let row = &list.rows[&ID];
        let details = row.subscription.details().unwrap();
        assert_eq!(
            (details.next_run.to_string(), row.updated_at),
            ("2030-03-18".to_owned(), at(3))
        );
        let told: Vec<_> = list
            .visits
            .iter()
            .map(|one| (one.booking_id.is_some(), one.reason.as_deref()))
            .collect();
        assert_eq!(told, [(true, None), (false, Some("slot_taken"))]);
    }

    #[test]
    fn a_subscription_that_never_began_is_parked() {
        let (log, mut list) = (log(), List::default());
        assert_eq!(list.fold(&[&log[1]])[0].reason, "the subscription never began");
        assert!(list.visits.is_empty());
    }
}
