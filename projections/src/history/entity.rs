//! The history of one aggregate, event by event, and its state as of any position.
//!
//! States are those of the aggregate's own `apply`. Personal values are opened with the keys of the moment of asking:
//! who has been erased since is erased in all of their history.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::billing::account::Account;
use domain::customers::client::Client;
use domain::event::EventSourced;
use domain::finance::accounting_export::AccountingExport;
use domain::finance::budget::Budget;
use domain::finance::cash::CashSnapshot;
use domain::finance::category::ExpenseCategory;
use domain::finance::expense::Expense;
use domain::finance::instalment::TaxInstalment;
use domain::finance::period::AccountingPeriod;
use domain::finance::tax_export::TaxExport;
use domain::id::OrgId;
use domain::identity::api_token::ApiToken;
use domain::identity::break_glass::BreakGlass;
use domain::identity::portal::PortalSession;
use domain::identity::session::Session;
use domain::identity::staff::Staff;
use domain::invoicing::invoice::Invoice;
use domain::organisation::Organisation;
use domain::payments::dispute::Dispute;
use domain::payments::payment::Payment;
use domain::people::worker::Worker;
use domain::personal;
use domain::pricing::price_book::PriceBook;
use domain::recorded::{Actor, DecodeError, Metadata, Recorded};
use domain::sales::lead::Lead;
use domain::scheduling::booking::Booking;
use domain::scheduling::checklist::run::Checklist;
use domain::scheduling::checklist::templates::Templates;
use domain::scheduling::dispatch::alert::DispatcherAlert;
use domain::scheduling::dispatch::notice::DispatchNotice;
use domain::scheduling::dispatch::pin::VisitPin;
use domain::scheduling::dispatch::zones::Zones;
use domain::scheduling::photos::PhotoSet;
use domain::scheduling::subscription::Subscription;
use domain::scheduling::team::Team;
use domain::scheduling::time_off::TimeOff;
use domain::scheduling::work_session::WorkSession;
use domain::seal::{self, MasterKeys, SubjectKeys};
use domain::settings::org::OrgSettings;
use domain::settings::preferences::Preferences;
use domain::subject::Subject;
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use super::log;
use crate::{subject_keys, undecodable};

/// Every kind of aggregate whose history can be asked for. A new one adds its line here.
pub const ENTITIES: &[Entity] = &[
    Entity::of::<Account>(),
    Entity::of::<AccountingPeriod>(),
    Entity::of::<ApiToken>(),
    Entity::of::<Booking>(),
    Entity::of::<BreakGlass>(),
    Entity::of::<Budget>(),
    Entity::of::<CashSnapshot>(),
    Entity::of::<Checklist>(),
    Entity::of::<Client>(),
    Entity::of::<DispatchNotice>(),
    Entity::of::<DispatcherAlert>(),
    Entity::of::<Expense>(),
    Entity::of::<ExpenseCategory>(),
    Entity::of::<Dispute>(),
    Entity::of::<Invoice>(),
    Entity::of::<Lead>(),
    Entity::of::<Organisation>(),
    Entity::of::<OrgSettings>(),
    Entity::of::<Payment>(),
    Entity::of::<PhotoSet>(),
    Entity::of::<PortalSession>(),
    Entity::of::<Preferences>(),
    Entity::of::<PriceBook>(),
    Entity::of::<Session>(),
    Entity::of::<Staff>(),
    Entity::of::<Subject>(),
    Entity::of::<Subscription>(),
    Entity::of::<TaxExport>(),
    Entity::of::<AccountingExport>(),
    Entity::of::<TaxInstalment>(),
    Entity::of::<Team>(),
    Entity::of::<Templates>(),
    Entity::of::<TimeOff>(),
    Entity::of::<VisitPin>(),
    Entity::of::<WorkSession>(),
    Entity::of::<Worker>(),
    Entity::of::<Zones>(),
];

/// The kind of that name.
pub fn entity(name: &str) -> Option<&'static Entity> {
    ENTITIES.iter().find(|entity| entity.name == name)
}

/// An aggregate with its type forgotten.
#[derive(Clone, Copy)]
pub struct Entity {
    /// Its name in the log.
    pub name: &'static str,
    begin: fn() -> Box<dyn Fold>,
}

impl Entity {
    const fn of<A: EventSourced>() -> Self {
        Self { name: A::TYPE, begin: || Box::new(State(A::default())) }
    }

    /// One of them before its first event.
    pub(crate) fn begin(&self) -> Box<dyn Fold> {
        (self.begin)()
    }
}

impl std::fmt::Debug for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entity({})", self.name)
    }
}

/// The state of an aggregate with its type forgotten.
pub(crate) trait Fold: Send {
    fn apply(&mut self, event: &Recorded, keys: &SubjectKeys) -> Result<(), DecodeError>;
    fn fields(&self) -> Map<String, Value>;
}

struct State<A>(A);

impl<A: EventSourced> Fold for State<A> {
    fn apply(&mut self, event: &Recorded, keys: &SubjectKeys) -> Result<(), DecodeError> {
        if let Some(event) = event.open::<A>(keys)? {
            self.0.apply(event);
        }
        Ok(())
    }

    /// What people may read of the state, by field.
    fn fields(&self) -> Map<String, Value> {
        // A state that does not serialise would not have been stored; it has nothing to show.
        let mut json = serde_json::to_value(&self.0).unwrap_or_default();
        personal::reveal(&mut json);
        // An aggregate that is one of several things says which by a name around its fields.
        if let Value::Object(outer) = &mut json
            && outer.len() == 1
            && let Some(inner @ Value::Object(_)) = outer.values_mut().next()
        {
            json = inner.take();
        }
        match json {
            Value::Object(fields) => fields,
            Value::Null => Map::new(),
            other => Map::from_iter([("state".to_owned(), other)]),
        }
    }
}

/// One event of the history of an aggregate.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Place in the log.
    pub position: i64,
    /// Place in the stream.
    pub sequence: i32,
    /// [`Recorded::id`].
    pub event_id: Uuid,
    /// Wire name.
    pub event_type: String,
    /// Version of the payload as stored.
    pub event_version: String,
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// Who, why and in which request; `None` if what is stored cannot be read.
    #[serde(flatten)]
    pub origin: Option<Origin>,
    /// What was recorded, in today's words.
    pub payload: Value,
    /// The fields of the state that changed, before.
    pub before: Map<String, Value>,
    /// The same fields, after.
    pub after: Map<String, Value>,
    /// Why the event could not be applied, if so; the state then stays as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// Who, why and in which request.
#[derive(Clone, Debug, Serialize)]
pub struct Origin {
    /// Who.
    pub actor: Actor,
    /// In which request.
    pub request_id: String,
    /// What belongs together with it.
    pub correlation_id: String,
    /// What it followed from.
    pub causation_id: Option<String>,
    /// By which command.
    pub command_id: String,
    /// Why, if the actor said so.
    pub reason: Option<String>,
}

impl From<Metadata> for Origin {
    fn from(stored: Metadata) -> Self {
        Self {
            actor: stored.actor,
            request_id: stored.request_id,
            correlation_id: stored.correlation_id,
            causation_id: stored.causation_id,
            command_id: stored.command_id.to_string(),
            reason: stored.reason,
        }
    }
}

/// The next entries of the history of one aggregate after its event number `after`, 1 to [`log::PAGE`] of them.
///
/// Empty if there is no such aggregate in this organisation, or nothing more.
pub async fn history(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    (entity, id): (&Entity, &str),
    after: i32,
    limit: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    let limit = usize::try_from(limit.clamp(1, log::PAGE)).unwrap_or(1);
    let mut fold = entity.begin();
    let mut entries = Vec::new();
    let mut last = 0;
    loop {
        let events = log::stream(&mut *db, org, (entity.name, id), last, log::PAGE).await?;
        let Some(end) = events.last() else { return Ok(entries) };
        last = end.sequence;
        let keys = keys_for(&mut *db, masters, org, &events).await?;
        for event in &events {
            if event.sequence <= after {
                // What cannot be read is told when its own entry is asked for.
                let _ = fold.apply(event, &keys);
                continue;
            }
            if entries.len() == limit {
                return Ok(entries);
            }
            entries.push(entry(fold.as_mut(), event, &keys));
        }
    }
}

fn entry(fold: &mut dyn Fold, event: &Recorded, keys: &SubjectKeys) -> Entry {
    let mut before = fold.fields();
    let applied = fold.apply(event, keys);
    let mut after = fold.fields();
    keep_changes(&mut before, &mut after);
    Entry {
        position: event.position,
        sequence: event.sequence,
        event_id: event.id(),
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        recorded_at: event.recorded_at,
        origin: event.metadata().ok().map(Origin::from),
        payload: payload(event, keys).unwrap_or_default(),
        before,
        after,
        unreadable: applied.err().map(|error| undecodable(&error)),
    }
}

fn payload(event: &Recorded, keys: &SubjectKeys) -> Result<Value, DecodeError> {
    let mut json = event.payload_json()?;
    seal::open_all(&mut json, keys)?;
    personal::reveal(&mut json);
    Ok(json)
}

/// Leaves in both only the fields that differ.
fn keep_changes(before: &mut Map<String, Value>, after: &mut Map<String, Value>) {
    let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    for name in names {
        // A field that was not there and one without a value are the same.
        let value = |fields: &Map<String, Value>| fields.get(&name).cloned().unwrap_or_default();
        if value(before) == value(after) {
            before.remove(&name);
            after.remove(&name);
        }
    }
}

async fn keys_for(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    events: &[Recorded],
) -> Result<SubjectKeys, sqlx::Error> {
    let mut subjects = Vec::new();
    for event in events.iter().filter(|event| event.payload.contains("$sealed")) {
        if let Ok(json) = event.payload_json() {
            personal::subjects_in(&json, &mut subjects);
        }
    }
    subject_keys::load(db, masters, org, &subjects).await
}

/// An aggregate as it was.
#[derive(Clone, Debug)]
pub struct AsOf<A> {
    /// Its state, personal values opened or erased.
    pub state: A,
    /// How many events it had.
    pub version: i32,
    /// Where the last of them stands in the log.
    pub position: i64,
    /// When the first of them was recorded.
    pub created_at: DateTime<Utc>,
    /// When the last of them was recorded.
    pub updated_at: DateTime<Utc>,
}

/// Why an aggregate cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// One of its events cannot be read.
    #[error("event {sequence} cannot be read: {reason}")]
    Unreadable {
        /// Its number.
        sequence: i32,
        /// Why, without any value of it.
        reason: String,
    },
    /// The database failed.
    #[error("database error")]
    Database(#[from] sqlx::Error),
}

/// The aggregate after everything up to `position` of the log; `None` if it did not exist then.
pub async fn as_of<A: EventSourced>(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    id: &str,
    position: i64,
) -> Result<Option<AsOf<A>>, FoldError> {
    let mut found: Option<AsOf<A>> = None;
    let mut last = 0;
    loop {
        let mut events = log::stream(&mut *db, org, (A::TYPE, id), last, log::PAGE).await?;
        events.retain(|event| event.position <= position);
        let Some(end) = events.last() else { return Ok(found) };
        last = end.sequence;
        let keys = keys_for(&mut *db, masters, org, &events).await?;
        for event in &events {
            let sequence = event.sequence;
            let opened = event
                .open::<A>(&keys)
                .map_err(|error| FoldError::Unreadable { sequence, reason: undecodable(&error) })?;
            let Some(opened) = opened else { continue };
            let folded = found.get_or_insert_with(|| AsOf {
                state: A::default(),
                version: 0,
                position: 0,
                created_at: event.recorded_at,
                updated_at: event.recorded_at,
            });
            folded.state.apply(opened);
            folded.version = sequence;
            folded.position = event.position;
            folded.updated_at = event.recorded_at;
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::organisation::{OrganisationEvent, Profile};
    use domain::subject::SubjectEvent;
    use serde_json::json;

    use super::*;
    use crate::fixture::{keys, life, logged};

    fn event(kind: &str, event_type: &str, payload: &impl Serialize) -> Recorded {
        Recorded {
            org: Uuid::nil().into(),
            position: 7,
            recorded_at: DateTime::UNIX_EPOCH,
            aggregate_type: kind.to_owned(),
            aggregate_id: Uuid::nil().to_string(),
            sequence: 1,
            event_type: event_type.to_owned(),
            event_version: "1".to_owned(),
            payload: serde_json::to_string(payload).unwrap(),
            metadata: "{}".to_owned(),
            hash: [0; 32],
        }
    }

    fn told(name: &str, event: &Recorded) -> Entry {
        let mut fold = (entity(name).unwrap().begin)();
        entry(fold.as_mut(), event, &SubjectKeys::new())
    }

    #[test]
    fn an_entry_shows_what_changed_before_and_after() {
        let erased =
            SubjectEvent::Erased { subject: Uuid::nil().into(), reason: "asked".to_owned() };
        let entry = told("subject", &event("subject", "erased", &erased));
        assert_eq!(Value::Object(entry.before), json!({ "state": "Known" }));
        assert_eq!(Value::Object(entry.after), json!({ "state": "Erased" }));
        assert_eq!(entry.payload["reason"], "asked");
        assert!(entry.unreadable.is_none());
    }

    #[test]
    fn fields_that_stay_are_left_out() {
        let mut before = json!({ "a": 1, "b": 2, "c": 3 }).as_object().unwrap().clone();
        let mut after = json!({ "a": 1, "b": 4, "d": 5 }).as_object().unwrap().clone();
        keep_changes(&mut before, &mut after);
        assert_eq!(Value::Object(before), json!({ "b": 2, "c": 3 }));
        assert_eq!(Value::Object(after), json!({ "b": 4, "d": 5 }));
    }

    #[test]
    fn an_event_that_cannot_be_read_changes_nothing_and_says_so() {
        let entry = told("subject", &event("subject", "erased", &json!({ "type": "erased" })));
        assert!(entry.before.is_empty() && entry.after.is_empty());
        assert!(entry.unreadable.is_some());
    }

    #[test]
    fn a_value_without_a_key_is_erased() {
        let profile =
            Profile { slug: "a".to_owned(), name: "A".to_owned(), timezone: "UTC".to_owned() };
        let mut event =
            event("organisation", "registered", &OrganisationEvent::Registered(profile));
        let sealed = json!({ "$sealed": { "subject": Uuid::nil(), "data": "AAAA" } }).to_string();
        event.payload = event.payload.replace("\"A\"", &sealed);
        assert_eq!(told("organisation", &event).payload["name"], personal::PLACEHOLDER);
    }

    #[test]
    fn the_life_of_a_lead_shows_one_step_at_a_time() {
        let log = logged(&life());
        let mut fold = (entity("lead").unwrap().begin)();
        let told: Vec<Entry> =
            log.iter().map(|event| entry(fold.as_mut(), event, &keys())).collect();
        assert!(told.iter().all(|entry| entry.unreadable.is_none()));
        assert_eq!(told[0].before, Map::from_iter([("state".to_owned(), "Absent".into())]));
        assert_eq!(told[0].after["status"], "NEW");
        for (earlier, later) in told.iter().zip(&told[1..]) {
            assert!(!later.after.is_empty(), "{} changed nothing", later.event_type);
            assert!(later.before.len() < 6, "{} after {}", later.event_type, earlier.event_type);
        }
    }

    #[test]
    fn every_kind_has_its_own_name() {
        let names: BTreeSet<_> = ENTITIES.iter().map(|entity| entity.name).collect();
        assert_eq!(names.len(), ENTITIES.len());
    }
}
