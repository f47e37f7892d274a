//! API processes killed under load: what was acknowledged is there, once.

use rand::Rng;

use super::Office;
use crate::append::assert_sound;
use crate::harness::{Served, TestDb};

const KILLS: usize = 15;

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_api_loses_nothing_and_doubles_nothing() {
    let db = TestDb::new().await;
    let office = Office::new(db.organisation().await, &mut db.admin().await).await;
    let (one, two) = tokio::join!(Served::start("api", &db, &[]), Served::start("api", &db, &[]));
    let mut processes = vec![one, two];
    let urls = |processes: &[Served]| processes.iter().map(|one| one.url.clone()).collect();
    office.moved(urls(&processes));

    let clients = office.open();
    for kill in 0..KILLS {
        office.progress(rand::rng().random_range(1..30)).await;
        processes.remove(kill % 2).program.kill();
        processes.insert(kill % 2, Served::start("api", &db, &[]).await);
        office.moved(urls(&processes));
    }
    office.close(clients).await;

    assert!(office.failed() > 0, "no request was lost: the kills did not hit");
    office.assert_each_once(&assert_sound(&db, office.org).await);
}
