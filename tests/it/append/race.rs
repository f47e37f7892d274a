//! Many writers, several processes: no hole, no repeat, everyone's command exactly once.

use std::collections::{HashMap, HashSet};

use commands::{CommandBus, CommandError, RequestKey};
use domain::id::OrgId;
use futures::future::join_all;
use serde_json::Value;
use sqlx::Executor;
use uuid::Uuid;

use super::assert_sound;
use super::probe::{Ask, Probe};
use crate::harness::TestDb;
use crate::harness::database::context;

const WRITERS: usize = 64;
const EACH: usize = 12;

/// Every command of one writer: which stream, and at which position it was acknowledged.
async fn write(bus: CommandBus, orgs: Vec<OrgId>, writer: usize) -> Vec<(OrgId, String, i64)> {
    let mut acknowledged = Vec::new();
    for n in 0..EACH {
        let org = orgs[(writer + n) % orgs.len()];
        // Half of them contend for a few streams, half write their own.
        let id = if n % 2 == 0 { format!("shared-{}", n % 3) } else { Uuid::now_v7().to_string() };
        let text = format!("{writer}-{n}");
        let ask = match n % 4 {
            0 => Ask::Note(text.clone()),
            1 => Ask::NoteTogether(text.clone()),
            2 => Ask::Notes(3),
            _ => Ask::Claim(text.clone()),
        };
        match bus.execute(&context(org), &id, ask, |_: &Probe| Value::Null).await {
            Ok(done) => acknowledged.push((org, id, done.position)),
            Err(CommandError::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
    acknowledged
}

async fn contend(db: &TestDb, orgs: Vec<OrgId>) {
    // Two buses have nothing in common but the database, like two processes.
    let buses = [db.bus(), db.bus()];
    let writers = (0..WRITERS).map(|n| {
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(write(buses[n % 2].clone(), orgs.clone(), n))
    });
    let acknowledged: Vec<_> =
        join_all(writers).await.into_iter().flat_map(Result::unwrap).collect();

    let mut stored = HashMap::new();
    for org in orgs {
        for event in assert_sound(db, org).await {
            stored.insert(
                (org, event.position),
                (event.aggregate_id.clone(), event.metadata().unwrap().command_id),
            );
        }
    }
    let mut seen = HashSet::new();
    for (org, id, position) in &acknowledged {
        let (stream, command) = &stored[&(*org, *position)];
        assert_eq!(stream, id);
        assert!(seen.insert(*command), "a command was acknowledged at two positions");
    }
    let written: HashSet<_> = stored.values().map(|(_, command)| *command).collect();
    let registrations = 2.min(written.len());
    assert!(written.len() - seen.len() <= registrations, "something unacknowledged was written");
    assert!(acknowledged.len() > WRITERS * EACH / 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_writers_of_one_organisation_leave_no_hole() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    contend(&db, vec![org]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_several_organisations_never_deadlock_and_leave_no_hole() {
    let db = TestDb::new().await;
    let orgs = [db.organisation().await, db.organisation().await];
    contend(&db, orgs.to_vec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_held_up_delays_the_organisation_but_reorders_nothing() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    // Another process holds the head for a while and then rolls back.
    let mut slow = db.admin().await;
    let hold = format!("begin; select 1 from log_heads where org_id = '{org}' for update");
    slow.execute(hold.as_str()).await.unwrap();

    let bus = db.bus();
    let waiting = (0..8).map(|n| {
        let bus = bus.clone();
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move {
            let id = format!("stream-{n}");
            bus.create(&context(org), &id, Ask::Notes(2), |_: &Probe| Value::Null).await
        })
    });
    let waiting: Vec<_> = waiting.collect();
    tokio::task::yield_now().await;
    slow.execute("rollback").await.unwrap();
    for done in join_all(waiting).await {
        done.unwrap().unwrap();
    }
    assert_eq!(assert_sound(&db, org).await.len(), 1 + 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_repetitions_at_once_of_one_request_have_one_effect_and_one_answer() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let buses = [db.bus(), db.bus()];
    let request = RequestKey::of(org, "tester", "key-1", [7; 32]);
    let sent = (0..50).map(|n| {
        let bus = buses[n % 2].clone();
        let mut ctx = context(org);
        ctx.request = request;
        // As a client that retries: each attempt would make a new aggregate of its own.
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move {
            let id = Uuid::now_v7().to_string();
            let answer = |probe: &Probe| Value::from(probe.texts.len());
            bus.create(&ctx, &id, Ask::Notes(2), answer).await.unwrap()
        })
    });
    let answers: Vec<_> = join_all(sent).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|done| !done.replayed).count(), 1);
    for done in &answers {
        assert_eq!((done.position, done.version), (3, 2));
        assert_eq!(done.aggregate_id, answers[0].aggregate_id);
        assert_eq!(done.answer, Value::from(2));
    }
    assert_eq!(assert_sound(&db, org).await.len(), 3);
}
