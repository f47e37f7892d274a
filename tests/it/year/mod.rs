//! A year of an organisation: whatever anybody asks, sensible or not, what must always hold holds after each of it, and
//! every read model made anew from the log is the same, row by row.
//!
//! `YEAR_SEED` picks the year, `YEAR_ACTS` how much happens in it.

mod acts;
mod books;
mod cards;
mod money;
mod office;
mod truths;

use projections::READERS;
use projections::rebuild::{Rebuild, Switch};
use tokio_util::sync::CancellationToken;

use self::cards::Cards;
use self::office::Office;
use self::truths::Truths;
use crate::harness::App;
use crate::harness::database::keys;
use crate::harness::stripe::{FakeStripe, SECRET};

#[expect(clippy::disallowed_methods, reason = "which year it is, is the caller's choice")]
fn told(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_in_a_year_the_rules_hold_and_the_read_models_follow_from_the_log() {
    let (seed, acts) = (told("YEAR_SEED", 7), told("YEAR_ACTS", 300));
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let mut office = Office::open(&app, Cards::of(stripe), seed).await;
    let mut truths = Truths::default();
    for number in 0..acts {
        office.wait(365.0 / f64::from(u32::try_from(acts).unwrap()));
        app.settle().await;
        let before = app.position(0).await;
        let (asked, answer) = office.act().await;
        let said = format!("year {seed}, act {number}: {asked} was answered {}", answer.status);
        assert!(answer.status < 500, "{said}: {}", answer.text);
        if answer.status >= 400 {
            assert_eq!(app.position(0).await, before, "{said}, and changed something");
        }
        truths.check(&app, &said).await;
    }
    app.settle().await;
    eprintln!("{}", office.told());
    assert!(office.accepted > acts / 4, "too little of it made sense: {}", office.told());
    assert!(office.refused > acts / 10, "too little was refused: {}", office.told());
    made_anew(&app).await;
}

async fn made_anew(app: &App) {
    for reader in READERS.iter().filter(|reader| reader.is_rebuildable()) {
        let rebuild = Rebuild {
            owner: app.db.admin_url().parse().unwrap(),
            pool: &app.db.worker,
            masters: &keys(),
            reader,
            switch: Switch::IfEqual,
        };
        let done = rebuild.run(&CancellationToken::new(), &mut |_| {}).await;
        let done = done.unwrap_or_else(|error| panic!("{}: {error}", reader.name));
        assert_eq!((done.differing, done.switched), (0, true), "{}", reader.name);
        assert!(done.events > 0, "{}", reader.name);
    }
}
