//! The list of clients that staff search; readable, and therefore wiped when a person is erased.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::customers::client::{Client, ClientEvent, Contact};
use domain::id::OrgId;
use domain::personal::{PLACEHOLDER, Personal};
use domain::recorded::Recorded;
use domain::seal::SubjectKeys;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// Clients on a page at most.
pub const PAGE: i64 = 200;

/// Keeps the `client_list` table.
#[derive(Debug)]
pub struct ClientList;

impl Projection for ClientList {
    const NAME: &'static str = "client_list";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["client_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let clients = batch.events.iter().filter(|event| event.aggregate_type == Client::TYPE);
        let mut ids: Vec<Uuid> = clients.filter_map(|e| e.aggregate_id.parse().ok()).collect();
        // A client is their own subject.
        ids.extend(batch.erased().iter().map(|subject| subject.as_uuid()));
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = batch.keys(db, Client::TYPE).await?;
        let mut rows = load(db, batch.org, &ids).await?;
        let poison = fold(&mut rows, batch.events, &keys);
        write(db, batch.org, rows.into_values().collect()).await?;
        Ok(poison)
    }
}

/// A row of the list. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Who.
    pub client_id: Uuid,
    /// Full name.
    pub name: String,
    /// Lower case.
    pub email: String,
    /// As typed.
    pub phone: Option<String>,
    /// Whether their bookings are taken no more.
    pub is_blocked: bool,
    /// When they were registered.
    pub registered_at: DateTime<Utc>,
    /// Since when they are archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// Version of the client.
    #[serde(skip)]
    pub version: i32,
    /// Position of the last event in it.
    #[serde(skip)]
    pub position: i64,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} at {})", self.client_id, self.position)
    }
}

impl Row {
    fn registered(client_id: Uuid, at: DateTime<Utc>) -> Self {
        Self {
            client_id,
            name: PLACEHOLDER.to_owned(),
            email: PLACEHOLDER.to_owned(),
            phone: None,
            is_blocked: false,
            registered_at: at,
            archived_at: None,
            version: 0,
            position: 0,
        }
    }

    fn apply(&mut self, happened: ClientEvent, event: &Recorded) {
        self.version = event.sequence;
        self.position = event.position;
        match happened {
            ClientEvent::Registered { contact, .. }
            | ClientEvent::ContactChanged { contact, .. } => self.shows(contact),
            ClientEvent::Blocked { .. } => self.is_blocked = true,
            ClientEvent::Unblocked { .. } => self.is_blocked = false,
            ClientEvent::Archived { at, .. } => self.archived_at = Some(at),
            ClientEvent::Restored { .. } => self.archived_at = None,
        }
    }

    fn shows(&mut self, contact: Personal<Contact>) {
        match contact {
            Personal::Open { value, .. } => {
                self.name = value.name;
                self.email = value.email;
                self.phone = value.phone;
            }
            Personal::Sealed { .. } | Personal::Erased { .. } => self.wipe(),
        }
    }

    /// Forgets the person. Leaves exactly what a fold without their key makes, so that a rebuild finds the same.
    fn wipe(&mut self) {
        PLACEHOLDER.clone_into(&mut self.name);
        PLACEHOLDER.clone_into(&mut self.email);
        self.phone = None;
    }

    fn search(&self) -> String {
        let phone = self.phone.as_deref().unwrap_or_default();
        format!("{}\n{}\n{phone}\n{}", self.name, self.email, self.client_id).to_lowercase()
    }
}

type RowsById = HashMap<Uuid, Row>;

fn fold(rows: &mut RowsById, events: &[&Recorded], keys: &SubjectKeys) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if parking.holds(event) {
            continue;
        }
        if (event.aggregate_type.as_str(), event.event_type.as_str()) == ("subject", "erased") {
            let erased = event.aggregate_id.parse().ok();
            erased.and_then(|id: Uuid| rows.get_mut(&id)).into_iter().for_each(Row::wipe);
            continue;
        }
        let decoded = event.open::<Client>(keys);
        let Some(happened) = parking.unless_broken(event, decoded) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a client is a UUID");
            continue;
        };
        if let ClientEvent::Registered { at, .. } = &happened {
            rows.insert(id, Row::registered(id, *at));
        }
        match rows.get_mut(&id) {
            Some(row) => row.apply(happened, event),
            None => parking.park(event, "the client was never registered"),
        }
    }
    parking.into_poison()
}

async fn load(db: &mut PgConnection, org: OrgId, ids: &[Uuid]) -> Result<RowsById, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "select client_id, name, email, phone, is_blocked, registered_at, archived_at, version, position
         from client_list where org_id = $1 and client_id = any($2)",
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.client_id, row)).collect())
}

async fn write(db: &mut PgConnection, org: OrgId, mut rows: Vec<Row>) -> Result<(), sqlx::Error> {
    // Always in the same order, so that two writers cannot wait for each other in a circle.
    rows.sort_unstable_by_key(|row| row.client_id);
    sqlx::query!(
        "insert into client_list (org_id, client_id, name, email, phone, is_blocked, registered_at, archived_at,
             version, position, search)
         select $1, r.* from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[],
                     $8::timestamptz[], $9::integer[], $10::bigint[], $11::text[]) r
         on conflict (org_id, client_id) do update
         set name = excluded.name, email = excluded.email, phone = excluded.phone, is_blocked = excluded.is_blocked,
             registered_at = excluded.registered_at, archived_at = excluded.archived_at, version = excluded.version,
             position = excluded.position, search = excluded.search",
        org.as_uuid(),
        &rows.iter().map(|row| row.client_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.email.clone()).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.phone.clone()).collect::<Vec<_>>() as &[Option<String>],
        &rows.iter().map(|row| row.is_blocked).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.registered_at).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.archived_at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &rows.iter().map(|row| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.position).collect::<Vec<_>>(),
        &rows.iter().map(Row::search).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which clients are asked for; what is `None` does not matter. `Debug` does not show the name that is looked for.
#[derive(Clone, Default)]
pub struct Filter {
    /// Part of name, e-mail, phone or id, in any case.
    pub query: Option<String>,
    /// Whether archived, or not.
    pub archived: Option<bool>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter({:?})", self.archived)
    }
}

/// The clients that match, newest first, behind the one that `after` names by time and id.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let (after_at, after_id) = after.unzip();
    sqlx::query_as!(
        Row,
        "select client_id, name, email, phone, is_blocked, registered_at, archived_at, version, position
         from client_list
         where org_id = $1 and ($2::text is null or position($2 in search) > 0)
           and ($3::boolean is null or (archived_at is not null) = $3)
           and ($4::timestamptz is null or (registered_at, client_id) < ($4, $5::uuid))
         order by registered_at desc, client_id desc limit $6",
        org.as_uuid(),
        filter.query.as_ref().map(|query| query.to_lowercase()),
        filter.archived,
        after_at,
        after_id,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The names of clients by their ids, those of erased ones replaced.
pub async fn names(
    db: &mut PgConnection,
    org: OrgId,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let rows = sqlx::query!(
        "select client_id, name from client_list where org_id = $1 and client_id = any($2)",
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.client_id, row.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LEAD as CLIENT, at, erased, keys, recorded};

    fn life() -> Vec<Recorded> {
        let client_id = CLIENT.into();
        let contact = |name, email| {
            let contact = Contact::parse(name, email, Some("780 555 0199")).unwrap();
            Personal::of(CLIENT.into(), contact)
        };
        let reason = Personal::of(CLIENT.into(), "Zoë is never at home".to_owned());
        let (first, second) =
            (contact("Zoë", "zoe@example.org"), contact("Zoë Z", "z@example.org"));
        let events = [
            ClientEvent::Registered { client_id, contact: first, at: at(1) },
            ClientEvent::ContactChanged { client_id, contact: second, at: at(2) },
            ClientEvent::Blocked { client_id, reason, at: at(3) },
            ClientEvent::Archived { client_id, at: at(4) },
            ClientEvent::Unblocked { client_id, at: at(5) },
            ClientEvent::Restored { client_id, at: at(6) },
        ];
        let numbered = (1..).zip(&events);
        numbered.map(|(n, event)| recorded::<Client>(i64::from(n), n, CLIENT, event)).collect()
    }

    fn folded(events: &[Recorded], keys: &SubjectKeys) -> Row {
        let mut rows = RowsById::new();
        let events: Vec<&Recorded> = events.iter().collect();
        assert_eq!(fold(&mut rows, &events, keys), []);
        rows.remove(&CLIENT).unwrap()
    }

    #[test]
    fn the_list_shows_the_client_as_the_events_left_them() {
        let log = life();
        let row = folded(&log[..4], &keys());
        assert_eq!((row.name.as_str(), row.email.as_str()), ("Zoë Z", "z@example.org"));
        assert_eq!((row.is_blocked, row.archived_at), (true, Some(at(4))));
        let row = folded(&log, &keys());
        assert_eq!((row.is_blocked, row.archived_at, row.version), (false, None, 6));
    }

    #[test]
    fn an_erasure_leaves_what_a_rebuild_without_the_key_makes() {
        for end in 1..=life().len() {
            let mut log = life()[..end].to_vec();
            log.push(erased(100));
            let row = folded(&log, &keys());
            assert_eq!(row, folded(&log, &SubjectKeys::new()), "after {end}");
            assert!(!row.search().contains("zo") && !row.search().contains("0199"));
        }
    }

    #[test]
    fn an_event_of_somebody_who_was_never_registered_parks_the_stream() {
        let log = life();
        let poison = fold(&mut RowsById::new(), &[&log[1]], &keys());
        assert_eq!(poison[0].reason, "the client was never registered");
    }
}
