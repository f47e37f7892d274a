//! A reply that is lost after the commit: the command is found out about, never carried out again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::assert_sound;
use super::probe::{Ask, Probe};
use crate::harness::TestDb;
use crate::harness::database::context;

/// Passes bytes on until it is told to lose the next reply, which it takes from the server and keeps.
async fn proxy(port: u16, lose: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::spawn(pass(client, server, Arc::clone(&lose)));
        }
    });
    address.port()
}

async fn pass(client: TcpStream, server: TcpStream, lose: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    #[expect(clippy::disallowed_methods, reason = "ends with its connection")]
    tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut reply = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from_server.read(&mut reply).await {
        if lose.swap(false, Ordering::SeqCst) {
            return; // both directions close; the server has long committed
        }
        if to_client.write_all(&reply[..length]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_reply_was_lost_is_acknowledged_where_it_was_stored() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let direct: PgConnectOptions = db.url("cleaning_app").parse().unwrap();
    let lose = Arc::new(AtomicBool::new(false));
    let port = proxy(direct.get_port(), Arc::clone(&lose)).await;
    let bus = db.bus_with(|options| {
        options.connect = direct.clone().port(port);
        options.lanes = 1;
    });
    for (n, ask) in [Ask::Notes(2), Ask::NoteTogether("x".to_owned())].into_iter().enumerate() {
        let id = format!("s{n}");
        // The first command makes the lane connect and prepare, so that the lost reply is that of the append.
        bus.create(&context(org), &format!("{id}-warm"), ask.clone(), |_: &Probe| Value::Null)
            .await
            .unwrap();
        lose.store(true, Ordering::SeqCst);
        let done = bus.create(&context(org), &id, ask, |_: &Probe| Value::Null).await.unwrap();
        assert!(!lose.load(Ordering::SeqCst), "the reply was not lost");
        let log = assert_sound(&db, org).await;
        let own: Vec<_> = log.iter().filter(|event| event.aggregate_id == id).collect();
        assert_eq!(own.last().unwrap().position, done.position);
        assert_eq!(own.len(), usize::try_from(done.version).unwrap());
    }
}
