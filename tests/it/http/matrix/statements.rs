//! A foreign id costs the database exactly what a missing one does: the same statements, so no clock tells them apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::access::Permissions;
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::cells::{Class, Verdict, verdict};
use super::named;
use super::routes::{self, Route};
use super::world::World;
use crate::harness::{App, TestDb};

/// Bytes of a message before its body: what it is, and how long.
const HEAD: usize = 5;

/// The first message of a connection, and the question whether the server encrypts, have no sort.
const ENCRYPTS: u32 = 80_877_103;

/// Passes everything on and counts the statements that are carried out.
async fn proxy(port: u16, count: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let ((from_client, mut to_client), (mut from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(counted(from_client, to_server, Arc::clone(&count)));
            tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        }
    });
    address.port()
}

async fn counted(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, count: Arc<AtomicUsize>) {
    let (mut waiting, mut read, mut is_open) = (Vec::new(), vec![0; 1 << 16], false);
    while let Ok(length @ 1..) = from.read(&mut read).await {
        waiting.extend_from_slice(&read[..length]);
        while let Some(taken) = message(&waiting, &mut is_open, &count) {
            waiting.drain(..taken);
        }
        if to.write_all(&read[..length]).await.is_err() {
            return;
        }
    }
}

/// How long the first message is, if it is there whole.
fn message(bytes: &[u8], is_open: &mut bool, count: &AtomicUsize) -> Option<usize> {
    let number = |at: usize| {
        let four = bytes.get(at..at + 4)?;
        Some(u32::from_be_bytes(four.try_into().unwrap()))
    };
    if !*is_open {
        let length = usize::try_from(number(0)?).unwrap();
        (bytes.len() >= length).then_some(())?;
        *is_open = number(4)? != ENCRYPTS;
        return Some(length);
    }
    let length = usize::try_from(number(1)?).unwrap() + 1;
    (bytes.len() >= length && bytes.len() >= HEAD).then_some(())?;
    // A statement as text, or the execution of one that was prepared.
    if bytes[0] == b'Q' || bytes[0] == b'E' {
        count.fetch_add(1, Ordering::SeqCst);
    }
    Some(length)
}

fn line(world: &World, route: &Route, class: Class) -> String {
    let mut line = format!("{} {}", route.declared.method, route.path);
    for id in route.in_path() {
        line = line.replace(&format!("{{{}}}", id.name), &named(world, class, &id.name));
    }
    line
}

#[tokio::test]
async fn a_foreign_id_costs_the_same_statements_as_a_missing_one() {
    let count = Arc::new(AtomicUsize::new(0));
    let db = TestDb::new().await;
    let direct: PgConnectOptions = db.url("cleaning_app").parse().unwrap();
    let port = proxy(direct.get_port(), Arc::clone(&count)).await;
    // One connection, so that what a connection prepares or asks only once is the same for all.
    let db = db.through(Some(port), 1).await;
    let world = Box::pin(World::over(App::start_over(db, &["--email-mode", "off"]).await)).await;
    let mut compared = 0;
    let owners = world.callers.iter().filter(|caller| caller.is_owner);
    for caller in owners {
        assert_eq!(caller.permissions, Permissions::of_role(domain::access::Role::Owner));
        for route in routes::all().0.iter().filter(|route| route.in_path().next().is_some()) {
            if route.declared.access == "monitor" || verdict(route, caller) != Verdict::Admitted {
                continue;
            }
            let body = world.own(route.body().unwrap_or_default());
            let mut costs = Vec::new();
            // The first of each round reminds the program of the caller, whom it forgets after a while.
            for class in [
                Class::Missing,
                Class::Missing,
                Class::Foreign,
                Class::ForeignEnded,
                Class::Missing,
            ] {
                let before = count.load(Ordering::SeqCst);
                let answer = world.send(&caller.client, &line(&world, route, class), &body).await;
                assert_eq!(answer.status, 404, "{}: {}", route.title, answer.text);
                costs.push(count.load(Ordering::SeqCst) - before);
            }
            let (first, same) = (costs.remove(0), costs);
            assert!(same.iter().all(|cost| *cost == same[0]), "{}: {first} {same:?}", route.title);
            compared += 1;
        }
    }
    assert!(count.load(Ordering::SeqCst) > 1_000, "the proxy counted nothing");
    assert!(compared >= 40, "{compared}");
}
