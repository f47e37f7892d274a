//! The list of workers that staff search; readable, and therefore wiped when a person is erased.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use domain::id::OrgId;
use domain::people::worker::{Profile, Worker, WorkerEvent};
use domain::personal::{PLACEHOLDER, Personal};
use domain::recorded::Recorded;
use domain::seal::SubjectKeys;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// Workers on a page at most.
pub const PAGE: i64 = 200;

/// Keeps the `worker_list` table.
#[derive(Debug)]
pub struct WorkerList;

impl Projection for WorkerList {
    const NAME: &'static str = "worker_list";
    const VERSION: i32 = 3;
    const TABLES: &'static [&'static str] = &["worker_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let workers = batch.events.iter().filter(|event| event.aggregate_type == Worker::TYPE);
        let mut ids: Vec<Uuid> = workers.filter_map(|e| e.aggregate_id.parse().ok()).collect();
        // A worker is their own subject.
        ids.extend(batch.erased().iter().map(|subject| subject.as_uuid()));
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = batch.keys(db, Worker::TYPE).await?;
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
    pub worker_id: Uuid,
    /// Full name.
    pub name: String,
    /// As typed.
    pub phone: String,
    /// Lower case.
    pub email: Option<String>,
    /// Number of their team.
    #[serde(rename = "team_id")]
    pub team: i32,
    /// When they were hired.
    pub hired_at: DateTime<Utc>,
    /// Since when they are sent out no more.
    pub archived_at: Option<DateTime<Utc>>,
    /// What they are called here.
    pub role: Option<String>,
    /// What they can do.
    pub skills: Vec<String>,
    /// Of all ratings together: in the table those of staff, in a page those of customers as well if it was asked for so.
    #[serde(skip)]
    pub rating_sum: i64,
    /// How many there are.
    pub rating_count: i32,
    /// What an hour costs, by the latest decision; if there is none, the policies say it.
    #[serde(rename = "hourly_rate_cents")]
    pub own_rate_cents: Option<i64>,
    /// Certificates that end and were not put away.
    #[serde(skip)]
    pub cert_ids: Vec<Uuid>,
    /// Their last days.
    #[serde(skip)]
    pub cert_ends: Vec<NaiveDate>,
    /// Version of the worker.
    #[serde(skip)]
    pub version: i32,
    /// Position of the last event in it.
    #[serde(skip)]
    pub position: i64,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} at {})", self.worker_id, self.position)
    }
}

impl Row {
    fn hired(worker_id: Uuid, team: i32, at: DateTime<Utc>) -> Self {
        Self {
            worker_id,
            name: PLACEHOLDER.to_owned(),
            phone: PLACEHOLDER.to_owned(),
            email: None,
            team,
            hired_at: at,
            archived_at: None,
            role: None,
            skills: Vec::new(),
            rating_sum: 0,
            rating_count: 0,
            own_rate_cents: None,
            cert_ids: Vec::new(),
            cert_ends: Vec::new(),
            version: 0,
            position: 0,
        }
    }

    fn apply(&mut self, happened: WorkerEvent, event: &Recorded) {
        self.version = event.sequence;
        self.position = event.position;
        match happened {
            WorkerEvent::Hired { profile, .. } | WorkerEvent::ProfileChanged { profile, .. } => {
                self.shows(profile);
            }
            WorkerEvent::Transferred { to, .. } => self.team = to.get(),
            WorkerEvent::Archived { at, .. } => self.archived_at = Some(at),
            WorkerEvent::Reinstated { .. } => self.archived_at = None,
            WorkerEvent::Qualified { role, skills, .. } => {
                (self.role, self.skills) = (role, skills);
            }
            WorkerEvent::RateChanged { cents, .. } => self.own_rate_cents = Some(cents),
            WorkerEvent::Reviewed { rating, .. } => {
                self.rating_sum += i64::from(rating);
                self.rating_count += 1;
            }
            WorkerEvent::CertificateAdded { cert_id, expires_at: Some(last), .. } => {
                self.cert_ids.push(cert_id.as_uuid());
                self.cert_ends.push(last);
            }
            WorkerEvent::CertificateArchived { cert_id, .. } => {
                let place = self.cert_ids.iter().position(|id| *id == cert_id.as_uuid());
                if let Some(place) = place {
                    self.cert_ids.remove(place);
                    self.cert_ends.remove(place);
                }
            }
            WorkerEvent::CertificateAdded { expires_at: None, .. }
            | WorkerEvent::TransferPlanned { .. }
            | WorkerEvent::TransferDropped { .. }
            | WorkerEvent::OnboardingStepSet { .. }
            | WorkerEvent::CertificateExpired { .. }
            | WorkerEvent::NoteAdded { .. }
            | WorkerEvent::IncidentReported { .. }
            | WorkerEvent::Announced { .. }
            | WorkerEvent::PasswordIssued { .. }
            | WorkerEvent::PasswordChanged { .. } => {}
        }
    }

    /// What ratings come to, in hundredths; none without any.
    pub fn rating_avg(&self) -> Option<i64> {
        let count = i64::from(self.rating_count);
        (self.rating_sum * 100 + count / 2).checked_div(count)
    }

    fn shows(&mut self, profile: Personal<Profile>) {
        match profile {
            Personal::Open { value, .. } => {
                self.name = value.name;
                self.phone = value.phone;
                self.email = value.email;
            }
            Personal::Sealed { .. } | Personal::Erased { .. } => self.wipe(),
        }
    }

    /// Forgets the person. Leaves exactly what a fold without their key makes, so that a rebuild finds the same.
    fn wipe(&mut self) {
        PLACEHOLDER.clone_into(&mut self.name);
        PLACEHOLDER.clone_into(&mut self.phone);
        self.email = None;
    }

    fn search(&self) -> String {
        let email = self.email.as_deref().unwrap_or_default();
        format!("{}\n{email}\n{}\n{}", self.name, self.phone, self.worker_id).to_lowercase()
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
        let decoded = event.open::<Worker>(keys);
        let Some(happened) = parking.unless_broken(event, decoded) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a worker is a UUID");
            continue;
        };
        if let WorkerEvent::Hired { team, at, .. } = &happened {
            rows.insert(id, Row::hired(id, team.get(), *at));
        }
        match rows.get_mut(&id) {
            Some(row) => row.apply(happened, event),
            None => parking.park(event, "the worker was never hired"),
        }
    }
    parking.into_poison()
}

async fn load(db: &mut PgConnection, org: OrgId, ids: &[Uuid]) -> Result<RowsById, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "select worker_id, name, phone, email, team, hired_at, archived_at, role, skills, rating_sum, rating_count, own_rate_cents,
                cert_ids, cert_ends, version, position
         from worker_list where org_id = $1 and worker_id = any($2)",
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.worker_id, row)).collect())
}

async fn write(db: &mut PgConnection, org: OrgId, mut rows: Vec<Row>) -> Result<(), sqlx::Error> {
    // Always in the same order, so that two writers cannot wait for each other in a circle.
    rows.sort_unstable_by_key(|row| row.worker_id);
    sqlx::query!(
        "insert into worker_list (org_id, worker_id, name, phone, email, team, hired_at, archived_at, version, position,
             search, role, skills, rating_sum, rating_count, own_rate_cents, cert_ids, cert_ends)
         select $1, r.id, r.name, r.phone, r.email, r.team, r.hired_at, r.archived_at, r.version, r.position, r.search,
                r.role, r.skills::text[], r.rating_sum, r.rating_count, r.own_rate_cents, r.cert_ids::uuid[],
                r.cert_ends::date[]
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::timestamptz[],
                     $8::timestamptz[], $9::integer[], $10::bigint[], $11::text[], $12::text[], $13::text[],
                     $14::bigint[], $15::integer[], $16::bigint[], $17::text[], $18::text[])
              r (id, name, phone, email, team, hired_at, archived_at, version, position, search, role, skills,
                 rating_sum, rating_count, own_rate_cents, cert_ids, cert_ends)
         on conflict (org_id, worker_id) do update
         set name = excluded.name, phone = excluded.phone, email = excluded.email, team = excluded.team,
             hired_at = excluded.hired_at, archived_at = excluded.archived_at, version = excluded.version,
             position = excluded.position, search = excluded.search, role = excluded.role, skills = excluded.skills,
             rating_sum = excluded.rating_sum, rating_count = excluded.rating_count,
             own_rate_cents = excluded.own_rate_cents, cert_ids = excluded.cert_ids, cert_ends = excluded.cert_ends",
        org.as_uuid(),
        &rows.iter().map(|row| row.worker_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.phone.clone()).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.email.clone()).collect::<Vec<_>>() as &[Option<String>],
        &rows.iter().map(|row| row.team).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.hired_at).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.archived_at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &rows.iter().map(|row| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.position).collect::<Vec<_>>(),
        &rows.iter().map(Row::search).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.role.clone()).collect::<Vec<_>>() as &[Option<String>],
        &rows.iter().map(|row| array(&row.skills)).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.rating_sum).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.rating_count).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.own_rate_cents).collect::<Vec<_>>() as &[Option<i64>],
        &rows.iter().map(|row| array(&row.cert_ids)).collect::<Vec<_>>(),
        &rows.iter().map(|row| array(&row.cert_ends)).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// As the database reads an array; words, ids and days hold nothing that would have to be hidden from it.
fn array(items: &[impl std::fmt::Display]) -> String {
    let quoted = items.iter().map(|item| format!("\"{item}\""));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

/// Which workers are asked for; what is `None` does not matter. `Debug` does not show the name that is looked for.
#[derive(Clone, Default)]
pub struct Filter {
    /// Part of name, e-mail, phone or id, in any case.
    pub query: Option<String>,
    /// Number of a team.
    pub team: Option<i32>,
    /// Whether archived, or not.
    pub archived: Option<bool>,
    /// They can do all of this.
    pub skills: Vec<String>,
    /// Average of their ratings at least, in hundredths.
    pub rating_min: Option<i64>,
    /// Average of their ratings at most, in hundredths.
    pub rating_max: Option<i64>,
    /// Whether a certificate of theirs ends by this day, or none does.
    pub certs_end_by: Option<(NaiveDate, bool)>,
    /// Of these.
    pub among: Option<Vec<Uuid>>,
    /// None of these.
    pub except: Vec<Uuid>,
    /// Whether what customers said counts in ratings. It has to be looked up, and whoever shows no ratings does without.
    pub said: bool,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter({:?}, {:?})", self.team, self.archived)
    }
}

/// The workers that match, newest first, behind the one that `after` names by time and id.
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
        r#"with said as (
               select w.worker, sum(f.rating)::bigint as sum, count(*)::integer as count
               from client_feedback f
               join booking_list b on b.org_id = f.org_id and b.booking_id = f.booking_id
               cross join lateral unnest(b.crew) w (worker)
               where $15 and f.org_id = $1 group by w.worker),
           rated as (
               select l.*, l.rating_sum + coalesce(said.sum, 0) as stars, l.rating_count + coalesce(said.count, 0) as ratings
               from worker_list l left join said on said.worker = l.worker_id
               where l.org_id = $1)
           select worker_id, name, phone, email, team, hired_at, archived_at, role, skills, stars as "rating_sum!",
                  ratings as "rating_count!", own_rate_cents, cert_ids, cert_ends, version, position
           from rated
           where ($2::text is null or position($2 in search) > 0)
             and ($3::integer is null or team = $3) and ($4::boolean is null or (archived_at is not null) = $4)
             and ($5::timestamptz is null or (hired_at, worker_id) < ($5, $6::uuid))
             and skills @> $8 and ($9::bigint is null or (ratings > 0 and stars * 100 >= $9 * ratings))
             and ($10::bigint is null or (ratings > 0 and stars * 100 <= $10 * ratings))
             and ($11::date is null or exists (select from unnest(cert_ends) e where e <= $11) = $12)
             and ($13::uuid[] is null or worker_id = any($13)) and not worker_id = any($14)
           order by hired_at desc, worker_id desc limit $7"#,
        org.as_uuid(),
        filter.query.as_ref().map(|query| query.to_lowercase()),
        filter.team,
        filter.archived,
        after_at,
        after_id,
        limit,
        &filter.skills,
        filter.rating_min,
        filter.rating_max,
        filter.certs_end_by.map(|(day, _)| day),
        filter.certs_end_by.is_none_or(|(_, ends)| ends),
        filter.among.as_deref(),
        &filter.except,
        filter.said,
    )
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use domain::people::worker::TeamNumber;

    use super::*;
    use crate::fixture::{LEAD as WORKER, at, erased, keys, recorded};

    fn life() -> Vec<Recorded> {
        let worker_id = WORKER.into();
        let profile = |name, phone| {
            let profile = Profile::parse(name, phone, Some("zoe@example.org")).unwrap();
            Personal::of(WORKER.into(), profile)
        };
        let to = TeamNumber::parse(2).unwrap();
        let (first, second) = (profile("Zoë", "780 555 0199"), profile("Zoë Z", "780 555 0100"));
        let events = [
            WorkerEvent::Hired { worker_id, profile: first, team: TeamNumber::FIRST, at: at(1) },
            WorkerEvent::ProfileChanged { worker_id, profile: second, at: at(2) },
            WorkerEvent::Transferred {
                worker_id,
                from: TeamNumber::FIRST,
                to,
                effective: None,
                at: at(3),
            },
            WorkerEvent::PasswordIssued { worker_id, expires_at: at(9) },
            WorkerEvent::Archived { worker_id, at: at(4) },
            WorkerEvent::Reinstated { worker_id, at: at(5) },
        ];
        let numbered = (1..).zip(&events);
        numbered.map(|(n, event)| recorded::<Worker>(i64::from(n), n, WORKER, event)).collect()
    }

    fn folded(events: &[Recorded], keys: &SubjectKeys) -> Row {
        let mut rows = RowsById::new();
        let events: Vec<&Recorded> = events.iter().collect();
        assert_eq!(fold(&mut rows, &events, keys), []);
        rows.remove(&WORKER).unwrap()
    }

    #[test]
    fn the_list_shows_the_worker_as_the_events_left_them() {
        let log = life();
        let row = folded(&log[..3], &keys());
        assert_eq!((row.name.as_str(), row.phone.as_str(), row.team), ("Zoë Z", "780 555 0100", 2));
        assert!(row.search().starts_with("zoë z\n"));
        assert_eq!(folded(&log[..5], &keys()).archived_at, Some(at(4)));
        let row = folded(&log, &keys());
        assert_eq!((row.archived_at, row.version, row.position), (None, 6, 6));
    }

    #[test]
    fn an_erasure_leaves_what_a_rebuild_without_the_key_makes() {
        for end in 1..=life().len() {
            let mut log = life()[..end].to_vec();
            log.push(erased(100));
            let row = folded(&log, &keys());
            assert_eq!(row, folded(&log, &SubjectKeys::new()), "after {end}");
            assert!(!row.search().contains("zo"), "{}", row.search());
        }
    }

    #[test]
    fn an_event_of_somebody_who_was_never_hired_parks_the_stream() {
        let log = life();
        let poison = fold(&mut RowsById::new(), &[&log[1]], &keys());
        assert_eq!(poison[0].reason, "the worker was never hired");
    }
}
