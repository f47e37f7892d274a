//! One call of `log.append`: decisions in, the fate of each out.

use domain::chain::{self, Fields, Hash};
use domain::id::{CommandId, OrgId, SubjectId};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// What one command wants written, all or nothing.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Whose log.
    pub org: OrgId,
    /// Kind of the aggregate.
    pub aggregate_type: &'static str,
    /// Which one.
    pub aggregate_id: String,
    /// Its version when the command was decided; 0 before its first event.
    pub expected: i32,
    /// Unique per request.
    pub command_id: CommandId,
    /// What was asked.
    pub fingerprint: [u8; 32],
    /// JSON, stored with every event.
    pub metadata: String,
    /// Microseconds since 1970; `None` is the database's clock.
    pub at: Option<i64>,
    /// In order.
    pub events: Vec<NewEvent>,
    /// Scope, value, and whether to take it or give it back.
    pub claims: Vec<(&'static str, String, bool)>,
    /// Give back all slots of this aggregate first.
    pub release_slots: bool,
    /// Times to take.
    pub slots: Vec<Slot>,
    /// People met for the first time.
    pub new_keys: Vec<NewKey>,
    /// People who must not have been erased.
    pub uses: Vec<SubjectId>,
    /// People to erase.
    pub erases: Vec<SubjectId>,
    /// What is written to side tables in the same transaction; may hold secrets, which events must not.
    pub beside: Vec<Beside>,
}

/// A change of a side table, as `log.put_beside` reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct Beside(pub Value);

/// Never prints what it holds.
impl std::fmt::Debug for Beside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Beside({})", self.0["do"])
    }
}

/// An event as it will stand in the log.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Wire name.
    pub event_type: String,
    /// Version of the payload.
    pub event_version: String,
    /// JSON, personal values sealed.
    pub payload: String,
    /// See [`chain::digest`].
    pub digest: Hash,
}

/// A wrapped key to store.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose.
    pub subject: SubjectId,
    /// The master key that wrapped it.
    pub master_version: i32,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
}

/// A span of time on a resource, in microseconds since 1970, half-open.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Who or what is taken.
    pub resource: Uuid,
    /// First instant.
    pub from: i64,
    /// First instant that is free again.
    pub until: i64,
}

/// The fate of a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Written.
    Stored {
        /// Position of its last event, or where the log stands if it had none.
        position: i64,
        /// Version of the aggregate after it.
        version: i32,
    },
    /// The same request was carried out before.
    Duplicate {
        /// As it was then.
        position: i64,
        /// As it was then.
        version: i32,
        /// What it was carried out on.
        aggregate_id: String,
    },
    /// The aggregate has moved on.
    Conflict,
    /// The command id belongs to another request.
    KeyReused,
    /// Another aggregate holds a claimed value of this scope.
    ClaimTaken(String),
    /// Something holds the resource at that time.
    SlotTaken(Value),
    /// A person it is about was erased.
    SubjectErased,
    /// There is no such log.
    UnknownOrganisation,
    /// The database undid the transaction; SQLSTATE.
    RolledBack(String),
    /// Reached the database; the reply did not come back.
    Unknown,
}

impl Decision {
    /// Whether it touches nothing but its own stream.
    fn reserves_nothing(&self) -> bool {
        self.claims.is_empty()
            && !self.release_slots
            && self.slots.is_empty()
            && self.new_keys.is_empty()
            && self.erases.is_empty()
    }

    /// Fills in the digests; events must be in their final form.
    pub(crate) fn digest_events(&mut self) {
        let (org, kind, id) = (self.org, self.aggregate_type, &self.aggregate_id);
        for (event, sequence) in self.events.iter_mut().zip(self.expected + 1..) {
            event.digest = chain::digest(&Fields {
                org,
                aggregate_type: kind,
                aggregate_id: id,
                sequence,
                event_type: &event.event_type,
                event_version: &event.event_version,
                payload: &event.payload,
                metadata: &self.metadata,
            });
        }
    }
}

/// Writes a batch. The decisions are sorted by organisation and do not touch each other.
pub(crate) async fn append(
    db: &mut PgConnection,
    batch: &[&Decision],
) -> Result<Vec<Outcome>, sqlx::Error> {
    if batch.iter().all(|decision| decision.beside.is_empty()) {
        return append_events(db, batch).await;
    }
    let mut tx = db.begin().await?;
    let outcomes = append_events(&mut tx, batch).await?;
    for (decision, outcome) in batch.iter().zip(&outcomes) {
        if matches!(outcome, Outcome::Stored { .. }) && !decision.beside.is_empty() {
            let changes = decision.beside.iter().map(|beside| beside.0.clone()).collect();
            sqlx::query!(
                "select log.put_beside($1, $2)",
                decision.org.as_uuid(),
                Value::Array(changes)
            )
            .execute(&mut *tx)
            .await?;
        }
    }
    tx.commit().await?;
    Ok(outcomes)
}

/// The events alone; one round trip.
async fn append_events(
    db: &mut PgConnection,
    batch: &[&Decision],
) -> Result<Vec<Outcome>, sqlx::Error> {
    match batch {
        [alone] if alone.reserves_nothing() => Ok(vec![append_alone(db, alone).await?]),
        _ => append_together(db, batch).await,
    }
}

async fn append_alone(db: &mut PgConnection, decision: &Decision) -> Result<Outcome, sqlx::Error> {
    let mut e = Arrays::default();
    e.push(decision, 1);
    let row = sqlx::query!(
        r#"select o_status as "status!", o_position as "position!", o_version as "version!", o_id as "id!"
           from log.append_alone($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"#,
        decision.org.as_uuid(),
        decision.aggregate_type,
        decision.aggregate_id,
        decision.expected,
        decision.command_id.as_uuid(),
        decision.fingerprint.as_slice(),
        decision.metadata,
        decision.at as Option<i64>,
        &e.e_type as &[&str],
        &e.e_version as &[&str],
        &e.e_payload as &[&str],
        &e.e_digest as &[&[u8]],
        &e.u_subject,
    )
    .fetch_one(db)
    .await?;
    Ok(outcome(row.status, row.position, row.version, row.id, None))
}

async fn append_together(
    db: &mut PgConnection,
    batch: &[&Decision],
) -> Result<Vec<Outcome>, sqlx::Error> {
    let a = Arrays::of(batch);
    let row = sqlx::query!(
        r#"select o_status as "status!", o_position as "position!", o_version as "version!", o_id as "id!",
                  o_detail as "detail!: Vec<Option<String>>"
           from log.append($1, $2, $3, $4, $5, $6, $7, $8, $9::bigint[], $10, $11, $12, $13, $14, $15, $16, $17, $18,
                           $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)"#,
        &a.orgs, &a.org, &a.kind as &[&str], &a.id as &[&str], &a.expected, &a.command, &a.fingerprint as &[&[u8]],
        &a.metadata as &[&str], &a.at as &[Option<i64>],
        &a.e_cmd, &a.e_type as &[&str], &a.e_version as &[&str], &a.e_payload as &[&str], &a.e_digest as &[&[u8]],
        &a.c_cmd, &a.c_scope as &[&str], &a.c_value as &[&str], &a.c_take,
        &a.r_cmd,
        &a.s_cmd, &a.s_resource, &a.s_from, &a.s_until,
        &a.n_cmd, &a.n_subject, &a.n_version, &a.n_wrapped as &[&[u8]],
        &a.u_cmd, &a.u_subject,
        &a.x_cmd, &a.x_subject,
    )
    .fetch_one(db)
    .await?;
    let fates = row.status.iter().zip(row.position).zip(row.version).zip(row.id).zip(row.detail);
    Ok(fates
        .map(|((((status, position), version), id), detail)| {
            outcome(*status, position, version, id, detail)
        })
        .collect())
}

fn outcome(
    status: i32,
    position: i64,
    version: i32,
    id: String,
    detail: Option<String>,
) -> Outcome {
    match status {
        0 => Outcome::Stored { position, version },
        1 => Outcome::Conflict,
        2 => Outcome::Duplicate { position, version, aggregate_id: id },
        3 => Outcome::KeyReused,
        4 => Outcome::ClaimTaken(detail.unwrap_or_default()),
        5 => {
            let holder = detail.and_then(|text: String| serde_json::from_str(&text).ok());
            Outcome::SlotTaken(holder.unwrap_or_default())
        }
        6 => Outcome::SubjectErased,
        _ => Outcome::UnknownOrganisation,
    }
}

/// The arguments of `log.append`, in its order and with its names.
#[derive(Default)]
struct Arrays<'a> {
    orgs: Vec<Uuid>,
    org: Vec<Uuid>,
    kind: Vec<&'a str>,
    id: Vec<&'a str>,
    expected: Vec<i32>,
    command: Vec<Uuid>,
    fingerprint: Vec<&'a [u8]>,
    metadata: Vec<&'a str>,
    at: Vec<Option<i64>>,
    e_cmd: Vec<i32>,
    e_type: Vec<&'a str>,
    e_version: Vec<&'a str>,
    e_payload: Vec<&'a str>,
    e_digest: Vec<&'a [u8]>,
    c_cmd: Vec<i32>,
    c_scope: Vec<&'a str>,
    c_value: Vec<&'a str>,
    c_take: Vec<bool>,
    r_cmd: Vec<i32>,
    s_cmd: Vec<i32>,
    s_resource: Vec<Uuid>,
    s_from: Vec<i64>,
    s_until: Vec<i64>,
    n_cmd: Vec<i32>,
    n_subject: Vec<Uuid>,
    n_version: Vec<i32>,
    n_wrapped: Vec<&'a [u8]>,
    u_cmd: Vec<i32>,
    u_subject: Vec<Uuid>,
    x_cmd: Vec<i32>,
    x_subject: Vec<Uuid>,
}

impl<'a> Arrays<'a> {
    fn of(batch: &[&'a Decision]) -> Self {
        let mut arrays = Self::default();
        for (decision, cmd) in batch.iter().zip(1..) {
            arrays.push(decision, cmd);
        }
        arrays.orgs = arrays.org.clone();
        arrays.orgs.dedup();
        arrays
    }

    fn push(&mut self, decision: &'a Decision, cmd: i32) {
        self.org.push(decision.org.as_uuid());
        self.kind.push(decision.aggregate_type);
        self.id.push(&decision.aggregate_id);
        self.expected.push(decision.expected);
        self.command.push(decision.command_id.as_uuid());
        self.fingerprint.push(&decision.fingerprint);
        self.metadata.push(&decision.metadata);
        self.at.push(decision.at);
        for event in &decision.events {
            self.e_cmd.push(cmd);
            self.e_type.push(&event.event_type);
            self.e_version.push(&event.event_version);
            self.e_payload.push(&event.payload);
            self.e_digest.push(&event.digest);
        }
        for (scope, value, take) in &decision.claims {
            self.c_cmd.push(cmd);
            self.c_scope.push(scope);
            self.c_value.push(value);
            self.c_take.push(*take);
        }
        if decision.release_slots {
            self.r_cmd.push(cmd);
        }
        for slot in &decision.slots {
            self.s_cmd.push(cmd);
            self.s_resource.push(slot.resource);
            self.s_from.push(slot.from);
            self.s_until.push(slot.until);
        }
        for key in &decision.new_keys {
            self.n_cmd.push(cmd);
            self.n_subject.push(key.subject.as_uuid());
            self.n_version.push(key.master_version);
            self.n_wrapped.push(&key.wrapped);
        }
        self.u_cmd.extend(decision.uses.iter().map(|_| cmd));
        self.u_subject.extend(decision.uses.iter().map(|subject| subject.as_uuid()));
        self.x_cmd.extend(decision.erases.iter().map(|_| cmd));
        self.x_subject.extend(decision.erases.iter().map(|subject| subject.as_uuid()));
    }
}
