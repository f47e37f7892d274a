//! What follows from events, as rows: outside actions to deliver and timers to fire.
//!
//! It reads the log like a read model, but its rows are handed on to others, so it is never rebuilt. Every row has a
//! key under which a repeat finds it: reading an event again asks for nothing twice.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::customers::client::Client;
use domain::id::OrgId;
use domain::identity::break_glass::BreakGlass;
use domain::identity::portal::PortalSession;
use domain::invoicing::invoice::Invoice;
use domain::payments::dispute::Dispute;
use domain::payments::payment::Payment;
use domain::people::worker::Worker;
use domain::policy::{self, Intent};
use domain::recorded::Recorded;
use domain::sales::lead::Lead;
use domain::scheduling::booking::Booking;
use domain::scheduling::dispatch::notice::DispatchNotice;
use domain::scheduling::photos::PhotoSet;
use domain::scheduling::subscription::Subscription;
use domain::subject::Subject;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// Keeps the `effects` and `timers` tables, which are not read models.
#[derive(Debug)]
pub struct Effects;

impl Projection for Effects {
    const NAME: &'static str = "effects";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &[];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let mut parking = Parking::default();
        let mut wanted = Wanted::default();
        for &event in batch.events {
            if !parking.holds(event) {
                wanted.add(event, &mut parking);
            }
        }
        ask(db, batch.org, &wanted.effects).await?;
        set(db, batch.org, &wanted.timers).await?;
        cancel(db, batch.org, &wanted.timers).await?;
        Ok(parking.into_poison())
    }
}

/// What a batch asks for; of several changes to one timer, what they come to.
#[derive(Debug, Default, PartialEq)]
struct Wanted {
    effects: Vec<Effect>,
    timers: BTreeMap<String, Timer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Effect {
    kind: &'static str,
    dedupe_key: String,
    payload: String,
    cause: Cause,
}

/// The last setting in the batch, and whether it or an older one is cancelled after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Timer {
    set: Option<Setting>,
    cancelled_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Setting {
    fires_at: DateTime<Utc>,
    aggregate_type: &'static str,
    aggregate_id: String,
    command: String,
    cause: Cause,
}

/// The event that something follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cause {
    position: i64,
    recorded_at: DateTime<Utc>,
    correlation_id: String,
}

impl Wanted {
    fn add(&mut self, event: &Recorded, parking: &mut Parking) {
        let intents = match event.aggregate_type.as_str() {
            Lead::TYPE => intents::<Lead, _>(event, parking, policy::lead_intents),
            Booking::TYPE => intents::<Booking, _>(event, parking, policy::booking_intents),
            Client::TYPE => intents::<Client, _>(event, parking, policy::client_intents),
            Subject::TYPE => intents::<Subject, _>(event, parking, policy::subject_intents),
            Subscription::TYPE => {
                intents::<Subscription, _>(event, parking, policy::subscription_intents)
            }
            PhotoSet::TYPE => intents::<PhotoSet, _>(event, parking, policy::photo_intents),
            Worker::TYPE => intents::<Worker, _>(event, parking, policy::worker_intents),
            DispatchNotice::TYPE => {
                intents::<DispatchNotice, _>(event, parking, policy::notice_intents)
            }
            Invoice::TYPE => intents::<Invoice, _>(event, parking, policy::invoice_intents),
            Dispute::TYPE => intents::<Dispute, _>(event, parking, policy::dispute_intents),
            Payment::TYPE => intents::<Payment, _>(event, parking, policy::payment_intents),
            PortalSession::TYPE => {
                intents::<PortalSession, _>(event, parking, policy::portal_intents)
            }
            BreakGlass::TYPE => {
                intents::<BreakGlass, _>(event, parking, policy::break_glass_intents)
            }
            _ => return,
        };
        if intents.is_empty() {
            return;
        }
        let origin = event.metadata().map(Some);
        let Some(origin) = parking.unless_broken(event, origin) else { return };
        let cause = Cause {
            position: event.position,
            recorded_at: event.recorded_at,
            correlation_id: origin.correlation_id,
        };
        for intent in intents {
            self.want(intent, &cause);
        }
    }

    fn want(&mut self, intent: Intent, cause: &Cause) {
        match intent {
            Intent::Effect { kind, dedupe_key, payload } => self.effects.push(Effect {
                kind,
                dedupe_key,
                payload: payload.to_string(),
                cause: cause.clone(),
            }),
            Intent::SetTimer { key, fires_at, aggregate_type, aggregate_id, command } => {
                let timer = self.timers.entry(key).or_default();
                timer.cancelled_at = None;
                timer.set = Some(Setting {
                    fires_at,
                    aggregate_type,
                    aggregate_id,
                    command: json!(command).to_string(),
                    cause: cause.clone(),
                });
            }
            Intent::CancelTimer { key } => {
                self.timers.entry(key).or_default().cancelled_at = Some(cause.position);
            }
        }
    }
}

/// What follows by the rules for one kind of aggregate.
fn intents<A: Aggregate, I: FromStr>(
    event: &Recorded,
    parking: &mut Parking,
    rules: fn(I, &A::Event) -> Vec<Intent>,
) -> Vec<Intent> {
    let Some(happened) = parking.unless_broken(event, event.of::<A>()) else { return Vec::new() };
    let Ok(id) = event.aggregate_id.parse() else {
        parking.park(event, format!("the id of a {} is a UUID", A::TYPE));
        return Vec::new();
    };
    rules(id, &happened)
}

async fn ask(db: &mut PgConnection, org: OrgId, effects: &[Effect]) -> Result<(), sqlx::Error> {
    if effects.is_empty() {
        return Ok(());
    }
    let column = |field: fn(&Effect) -> &str| effects.iter().map(field).collect::<Vec<_>>();
    // The same action has the same id: it is also the key under which a provider knows a repeat.
    let id = |effect: &Effect| Uuid::new_v5(&org.as_uuid(), effect.dedupe_key.as_bytes());
    sqlx::query!(
        "insert into effects (org_id, effect_id, dedupe_key, kind, payload, due_at, cause, correlation_id, created_at)
         select $1, e.id, e.dedupe_key, e.kind, e.payload::json, e.at, e.cause, e.correlation_id, e.at
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bigint[], $8::text[])
              e (id, dedupe_key, kind, payload, at, cause, correlation_id)
         on conflict (org_id, dedupe_key) do nothing",
        org.as_uuid(),
        &effects.iter().map(id).collect::<Vec<_>>(),
        &column(|effect| &effect.dedupe_key) as &[&str],
        &column(|effect| effect.kind) as &[&str],
        &column(|effect| &effect.payload) as &[&str],
        &effects.iter().map(|effect| effect.cause.recorded_at).collect::<Vec<_>>(),
        &effects.iter().map(|effect| effect.cause.position).collect::<Vec<_>>(),
        &column(|effect| &effect.cause.correlation_id) as &[&str],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Sets and moves timers. One that a later event has set already stays as it is, so a repeat re-arms nothing.
async fn set(
    db: &mut PgConnection,
    org: OrgId,
    timers: &BTreeMap<String, Timer>,
) -> Result<(), sqlx::Error> {
    let set: Vec<(&str, &Setting)> = timers
        .iter()
        .filter_map(|(key, timer)| Some((key.as_str(), timer.set.as_ref()?)))
        .collect();
    if set.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into timers as t (org_id, timer_key, fires_at, aggregate_type, aggregate_id, command, cause,
             correlation_id)
         select $1, n.key, n.fires_at, n.aggregate_type, n.aggregate_id, n.command::json, n.cause, n.correlation_id
         from unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[])
              n (key, fires_at, aggregate_type, aggregate_id, command, cause, correlation_id)
         on conflict (org_id, timer_key) do update
         set fires_at = excluded.fires_at, aggregate_id = excluded.aggregate_id, command = excluded.command,
             state = 'due', attempts = 0, reason = null, lease = null, leased_until = null, cause = excluded.cause,
             correlation_id = excluded.correlation_id
         where t.cause < excluded.cause",
        org.as_uuid(),
        &set.iter().map(|(key, _)| *key).collect::<Vec<_>>() as &[&str],
        &set.iter().map(|(_, setting)| setting.fires_at).collect::<Vec<_>>(),
        &set.iter().map(|(_, setting)| setting.aggregate_type).collect::<Vec<_>>() as &[&str],
        &set.iter().map(|(_, setting)| setting.aggregate_id.as_str()).collect::<Vec<_>>() as &[&str],
        &set.iter().map(|(_, setting)| setting.command.as_str()).collect::<Vec<_>>() as &[&str],
        &set.iter().map(|(_, setting)| setting.cause.position).collect::<Vec<_>>(),
        &set.iter().map(|(_, setting)| setting.cause.correlation_id.as_str()).collect::<Vec<_>>() as &[&str],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Cancels timers that have not fired. Taking the lease away tells whoever is firing it that it is too late.
async fn cancel(
    db: &mut PgConnection,
    org: OrgId,
    timers: &BTreeMap<String, Timer>,
) -> Result<(), sqlx::Error> {
    let cancelled: Vec<(&str, i64)> = timers
        .iter()
        .filter_map(|(key, timer)| Some((key.as_str(), timer.cancelled_at?)))
        .collect();
    if cancelled.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update timers t set state = 'cancelled', lease = null, leased_until = null
         from unnest($2::text[], $3::bigint[]) c (key, cause)
         where t.org_id = $1 and t.timer_key = c.key and t.cause < c.cause and t.state in ('due', 'leased')",
        org.as_uuid(),
        &cancelled.iter().map(|(key, _)| *key).collect::<Vec<_>>() as &[&str],
        &cancelled.iter().map(|(_, position)| *position).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::sales::lead::LeadEvent;

    use super::*;
    use crate::fixture::{LEAD, at, life, logged, quote_id, submitted, terms};

    fn wanted(events: &[LeadEvent]) -> (Wanted, Vec<Poison>) {
        let (mut parking, mut wanted) = (Parking::default(), Wanted::default());
        for event in &logged(events) {
            wanted.add(event, &mut parking);
        }
        (wanted, parking.into_poison())
    }

    #[test]
    fn a_request_is_acknowledged_once_with_the_person_sealed() {
        let (wanted, poison) = wanted(&life());
        assert_eq!((wanted.effects.len(), poison.len()), (1, 0));
        let effect = &wanted.effects[0];
        assert_eq!(effect.kind, "email.request_received");
        assert_eq!(effect.dedupe_key, format!("email.request_received:{LEAD}"));
        assert!(effect.payload.contains("$sealed") && !effect.payload.contains("Zoë"));
    }

    #[test]
    fn of_all_changes_to_a_timer_in_a_batch_the_last_ones_count() {
        let sent = |minute| LeadEvent::QuoteSent {
            quote_id: quote_id(),
            terms: terms(Some(at(minute))),
            at: at(2),
        };
        let declined = LeadEvent::QuoteDeclined { quote_id: quote_id(), at: at(3) };
        let (mut first, _) = wanted(&[submitted(), sent(60), sent(90), declined.clone()]);
        let timer = first.timers.remove(&format!("quote_expiry:{}", quote_id())).unwrap();
        assert_eq!(timer.set.map(|set| set.fires_at), Some(at(90)));
        assert_eq!(timer.cancelled_at, Some(4));

        let (mut second, _) = wanted(&[submitted(), sent(60), declined, sent(90)]);
        let timer = second.timers.remove(&format!("quote_expiry:{}", quote_id())).unwrap();
        assert_eq!((timer.set.map(|set| set.fires_at), timer.cancelled_at), (Some(at(90)), None));
    }
}
