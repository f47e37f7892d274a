//! Proof that nobody changed, removed or slipped in an entry about what left no event.

use std::collections::HashMap;

use domain::attempt::{self, Attempt, Place};
use domain::chain::Hash;
use domain::id::OrgId;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::history::log;

/// Entries read at once.
const PAGE: i64 = 1_000;

/// More findings than anybody reads.
const FINDINGS: usize = 100;

/// An entry that somebody wrote down elsewhere: its number, and the chain there. Number 0 is the start of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its number.
    pub number: i64,
    /// Its hash.
    #[serde(with = "hex")]
    pub hash: Hash,
}

/// Something that cannot have come about by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where.
    pub number: i64,
    /// `missing`, `changed`, `unlinked` or `truncated`.
    pub found: &'static str,
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many entries there are.
    pub entries: i64,
    /// How many were removed because they were old, as the log says.
    pub pruned: i64,
    /// The last entry; write it down elsewhere, and an end that was cut off is found too.
    pub number: i64,
    /// The chain there.
    #[serde(with = "hex")]
    pub hash: Hash,
    /// Empty if all is well.
    pub findings: Vec<Finding>,
}

impl Verified {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn found(&mut self, number: i64, found: &'static str) {
        if self.findings.len() < FINDINGS {
            self.findings.push(Finding { number, found });
        }
    }
}

/// Reads the whole chain of `org` and recomputes it. What is `known` must be part of it, unless it was pruned.
pub async fn verify(
    db: &mut PgConnection,
    org: OrgId,
    known: &[Known],
) -> Result<Verified, sqlx::Error> {
    follow(db, org, None, known).await
}

/// Reads the chain of `org` behind an entry up to which it was proven before.
pub(crate) async fn verify_behind(
    db: &mut PgConnection,
    org: OrgId,
    proven: Option<Known>,
) -> Result<Verified, sqlx::Error> {
    follow(db, org, proven, &[]).await
}

async fn follow(
    db: &mut PgConnection,
    org: OrgId,
    proven: Option<Known>,
    known: &[Known],
) -> Result<Verified, sqlx::Error> {
    let head =
        sqlx::query!("select number, hash from audit_heads where org_id = $1", org.as_uuid())
            .fetch_optional(&mut *db)
            .await?;
    let head = head.map_or((0, attempt::genesis(org)), |head| (head.number, log::hash(head.hash)));
    let (pruned, pruned_hash) = tombstone(&mut *db, org).await?;
    let start = proven.filter(|proven| proven.number >= pruned);
    let start = start.map_or((0, attempt::genesis(org)), |proven| (proven.number, proven.hash));
    let (number, hash) = start;
    let mut told = Verified { entries: 0, pruned, number, hash, findings: Vec::new() };
    let mut known_at: HashMap<i64, Vec<Hash>> = HashMap::new();
    for known in known {
        known_at.entry(known.number).or_default().push(known.hash);
    }
    let contradicts = |told: &Verified| {
        let known = known_at.get(&told.number);
        known.is_some_and(|known| known.iter().any(|hash| *hash != told.hash))
    };
    loop {
        let rows = rows(&mut *db, org, (told.number, head.0)).await?;
        let Some(last) = rows.last().map(|row| row.number) else { break };
        for row in rows {
            // The announced removal was carried out up to here: the log says what the chain was there.
            if told.number < pruned && row.number == pruned + 1 && told.entries == 0 {
                (told.number, told.hash) = (pruned, pruned_hash);
            }
            row.check(org, &mut told);
            if contradicts(&told) {
                told.found(told.number, "changed");
            }
        }
        told.number = last;
    }
    if told.entries == 0 && pruned > told.number {
        (told.number, told.hash) = (pruned, pruned_hash);
    }
    let cut = known.iter().any(|known| known.number > told.number);
    if (told.number, told.hash) != head || cut {
        told.found(told.number + 1, "truncated");
    }
    Ok(told)
}

/// Whether what is shown about successes was made from the log as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReadModel {
    /// How far it has come.
    pub position: i64,
    /// Whether its own chain is the log's there: nothing was left out or taken twice.
    pub matches: bool,
}

/// How the read model of `org` stands to its log.
pub async fn read_model(db: &mut PgConnection, org: OrgId) -> Result<ReadModel, sqlx::Error> {
    let found = sqlx::query!(
        r#"select c.position, c.hash, e.hash as "log_hash?"
           from projection_checkpoints c
           left join events e on e.org_id = c.org_id and e.position = c.position
           where c.org_id = $1 and c.projection = 'audit_log'"#,
        org.as_uuid(),
    )
    .fetch_optional(db)
    .await?;
    Ok(found.map_or(ReadModel { position: 0, matches: true }, |row| ReadModel {
        position: row.position,
        matches: row.position == 0 || row.log_hash.is_some_and(|hash| hash == row.hash),
    }))
}

/// How far entries were removed, and the chain there, as the log tells.
async fn tombstone(db: &mut PgConnection, org: OrgId) -> Result<(i64, Hash), sqlx::Error> {
    let found = sqlx::query!(
        r#"select (payload ->> 'through')::bigint as "through!", decode(payload ->> 'hash', 'hex') as "hash!"
           from events
           where org_id = $1 and aggregate_id = $1::uuid::text and aggregate_type = 'organisation'
             and event_type = 'audit_pruned'
           order by sequence desc limit 1"#,
        org.as_uuid(),
    )
    .fetch_optional(db)
    .await?;
    Ok(found.map_or((0, attempt::genesis(org)), |row| (row.through, log::hash(row.hash))))
}

struct Row {
    number: i64,
    created_at: chrono::DateTime<chrono::Utc>,
    log_position: i64,
    log_hash: Option<Vec<u8>>,
    prev_hash: Vec<u8>,
    stored: Vec<u8>,
    outcome: String,
    attempt: Attempt,
}

impl Row {
    fn check(self, org: OrgId, told: &mut Verified) {
        let (number, stored) = (self.number, log::hash(self.stored));
        let previous = log::hash(self.prev_hash);
        if number != told.number + 1 {
            told.found(told.number + 1, "missing");
        } else if previous != told.hash {
            told.found(number, "unlinked");
        }
        let log_hash = match (self.log_position, self.log_hash) {
            (0, None) => domain::chain::genesis(org),
            (_, hash) => log::hash(hash.unwrap_or_default()),
        };
        let outcome: &'static str = self.attempt.outcome.into();
        let place = Place {
            previous: &previous,
            number,
            at: self.created_at,
            log_position: self.log_position,
            log_hash: &log_hash,
        };
        if attempt::hash(&place, &self.attempt) != stored || outcome != self.outcome {
            told.found(number, "changed");
        }
        told.entries += 1;
        (told.number, told.hash) = (number, stored);
    }
}

async fn rows(
    db: &mut PgConnection,
    org: OrgId,
    (after, upto): (i64, i64),
) -> Result<Vec<Row>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select a.number, a.created_at, a.log_position, e.hash as "log_hash?", a.prev_hash, a.row_hash, a.audit_id,
                  a.admin_role, a.actor, a.actor_user_id, a.action, a.resource_type, a.resource_id,
                  a.metadata::text as "metadata!", a.outcome, a.status_code, a.request_id, a.correlation_id,
                  a.client_ip::text as client_ip, a.user_agent_hash
           from audit_attempts a
           left join events e on e.org_id = a.org_id and e.position = a.log_position
           where a.org_id = $1 and a.number > $2 and a.number <= $3
           order by a.number limit $4"#,
        org.as_uuid(),
        after,
        upto,
        PAGE,
    )
    .fetch_all(db)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let outcome = match row.outcome.as_str() {
            "success" => attempt::Outcome::Success,
            "denied" => attempt::Outcome::Denied,
            "rejected" => attempt::Outcome::Rejected,
            _ => attempt::Outcome::Error,
        };
        Row {
            number: row.number,
            created_at: row.created_at,
            log_position: row.log_position,
            log_hash: row.log_hash,
            prev_hash: row.prev_hash,
            stored: row.row_hash,
            outcome: row.outcome,
            attempt: Attempt {
                audit_id: row.audit_id,
                org,
                admin_role: row.admin_role,
                actor: row.actor,
                actor_user_id: row.actor_user_id,
                action: row.action,
                resource_type: row.resource_type,
                resource_id: row.resource_id,
                metadata: row.metadata,
                outcome,
                status_code: row.status_code.and_then(|status| status.try_into().ok()),
                request_id: row.request_id,
                correlation_id: row.correlation_id,
                client_ip: row.client_ip,
                user_agent_hash: row.user_agent_hash,
            },
        }
    });
    Ok(rows.collect())
}
