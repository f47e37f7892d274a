//! Many messages of Stripe at once: each several times, in any order, from several senders, while the process that takes them
//! in is killed again and again, and while Stripe itself is in trouble whenever it is asked for something.
//!
//! `WEBHOOK_DELIVERIES` says how many, `WEBHOOK_SEED` in which order.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::TimeDelta;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::super::scheduling::client;
use super::payments::{WEBHOOK, charge, event, intent, sent, session, tell};
use super::{route, shown};
use crate::harness::client::plain;
use crate::harness::stripe::{FakeStripe, Fault, SECRET, machine_time, signature};
use crate::harness::{App, Client, Served};

/// Each message is told so often at most.
const MOST: usize = 5;

/// So many of them for an invoice, all told.
const OF_INVOICE: usize = 15;

/// At once.
const SENDERS: usize = 8;

/// So often something goes wrong at Stripe at most.
const FAULTS: usize = 60;

/// For so many times twenty minutes jobs may go on after that.
const ROUNDS: usize = 200;

/// How often the process is killed.
const KILLS: usize = 6;

#[expect(clippy::disallowed_methods, reason = "how much there is of it, is the caller's choice")]
fn told(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What becomes of the `n`th invoice: paid in full, failed before, paid back in parts or all of it, disputed, or paid although
/// it is void.
fn is_void(n: usize) -> bool {
    n % 8 == 7
}

/// Everything that Stripe tells of it.
fn messages(n: usize, invoice: &str) -> Vec<Value> {
    let name = invoice.replace('-', "");
    let (pi, id) = (format!("pi_{name}"), |what: &str| format!("evt_{what}_{name}"));
    let meta = json!({ "invoice_id": invoice });
    let failed = json!({ "id": pi, "amount": 18_900, "currency": "cad", "metadata": meta,
                         "last_payment_error": { "code": "card_declined" } });
    let mut all = vec![
        event(&id("failed"), "payment_intent.payment_failed", &failed),
        event(&id("session"), "checkout.session.completed", &session(&pi, invoice, 18_900)),
        event(&id("intent"), "payment_intent.succeeded", &intent(&pi, invoice, 18_900)),
    ];
    let refunds: &[i64] = match n % 8 {
        1 => &[900],
        2 => &[900, 4_900],
        3 => &[18_900],
        _ => &[],
    };
    for total in refunds {
        let mut back = charge(&pi, 18_900, *total);
        back["metadata"] = meta.clone();
        all.push(event(&id(&format!("back{total}")), "charge.refunded", &back));
    }
    if n % 8 == 4 {
        let dispute = json!({ "id": format!("dp_{name}"), "payment_intent": pi, "amount": 18_900, "currency": "cad",
                              "status": "lost", "metadata": meta });
        all.push(event(&id("disputed"), "charge.dispute.created", &dispute));
        all.push(event(&id("closed"), "charge.dispute.closed", &dispute));
    }
    all
}

/// Invoices of an organisation, in an order that both have in common.
async fn invoices(app: &App, org: usize, count: usize) -> Vec<String> {
    let owner = app.staff_of(org, "owner");
    let sam = client(&owner, "Sam").await;
    let mut all = Vec::new();
    for part in 0..count.div_ceil(16) {
        let some = (part * 16..count.min(part * 16 + 16)).map(|n| {
            let (owner, sam) = (&owner, &sam);
            async move {
                let (invoice, _) = sent(owner, sam).await;
                if is_void(n) {
                    let why = json!({ "reason": "twice" });
                    owner.post(&route(&invoice, "void"), &why).await.ok();
                }
                invoice
            }
        });
        all.extend(join_all(some).await);
    }
    all
}

/// How every invoice of an organisation stands, and every dispute.
async fn totals(owner: &Client, invoices: &[String]) -> (Vec<[Value; 4]>, Vec<Value>) {
    let mut all = Vec::new();
    for invoice in invoices {
        let detail = shown(owner, invoice).await;
        let payments = detail["payments"].as_array().unwrap();
        assert!(payments.len() <= 1, "paid twice: {detail}");
        let back = payments.first().map_or(json!(0), |one| one["refunded_cents"].clone());
        let own = ["status", "paid_cents", "balance_due_cents"].map(|name| detail[name].clone());
        let [status, paid, balance] = own;
        all.push([status, paid, balance, back]);
    }
    let (mut disputes, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/v1/admin/disputes?limit=100{cursor}")).await;
        let items = page.ok().body["items"].as_array().unwrap();
        disputes.extend(items.iter().map(|one| json!([one["status"], one["won"]])));
        match page.header("x-next-cursor") {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, disputes),
        }
    }
}

/// The process that takes messages in, while it is there.
struct Api {
    process: RwLock<Option<Served>>,
    /// Whether it is being killed, or not there again yet.
    is_down: AtomicBool,
    sent: AtomicUsize,
    /// What was answered although it is there, and is no success.
    odd: Mutex<Vec<String>>,
}

impl Api {
    /// Tells it once, however often that takes.
    async fn deliver(&self, http: &reqwest::Client, body: &str) {
        loop {
            let url = match &*self.process.read().await {
                Some(process) => format!("{}{WEBHOOK}", process.url),
                None => String::new(),
            };
            if url.is_empty() {
                tokio::task::yield_now().await;
                continue;
            }
            let header = signature(SECRET, machine_time(), body);
            let send = http.post(url).header("stripe-signature", header).body(body.to_owned());
            match send.send().await {
                Ok(answer) if answer.status().is_success() => break,
                Ok(answer) => {
                    let said =
                        format!("{} {}", answer.status(), answer.text().await.unwrap_or_default());
                    // Stripe tells again what was not taken in.
                    self.odd.lock().unwrap().push(said);
                }
                // Stripe tells again what nobody answered.
                Err(error) => {
                    let expected = self.is_down.load(Ordering::SeqCst)
                        || error.is_connect()
                        || error.is_request();
                    assert!(expected, "{error}");
                    tokio::task::yield_now().await;
                }
            }
        }
        self.sent.fetch_add(1, Ordering::SeqCst);
    }

    /// Kills it whenever another part of all was sent, and starts it again.
    async fn plague(&self, app: &App, all: usize) {
        for kill in 1..=KILLS {
            while self.sent.load(Ordering::SeqCst) < all * kill / (KILLS + 1) {
                tokio::task::yield_now().await;
            }
            self.is_down.store(true, Ordering::SeqCst);
            // Not waiting for those who are being answered.
            let mut process = self.process.write().await;
            process.take().unwrap().program.kill();
            *process = Some(started(app).await);
            drop(process);
            self.is_down.store(false, Ordering::SeqCst);
        }
    }
}

async fn started(app: &App) -> Served {
    Served::start("api", &app.db, &[("STRIPE_WEBHOOK_SECRET", SECRET)]).await
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "a storm, from its beginning to its end")]
async fn a_storm_of_messages_over_killed_processes_comes_to_what_one_by_one_does() {
    let (deliveries, seed) = (told("WEBHOOK_DELIVERIES", 1_000), told("WEBHOOK_SEED", 7));
    let mut rng = StdRng::seed_from_u64(u64::try_from(seed).unwrap());
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let count = (deliveries / OF_INVOICE).max(16);
    let (ordered, stormed) = (invoices(&app, 0, count).await, invoices(&app, 1, count).await);
    app.settle().await;

    // One organisation is told one by one, each once and in order.
    for (n, invoice) in ordered.iter().enumerate() {
        for message in messages(n, invoice) {
            tell(&app, &message).await.ok();
        }
    }
    // The other is told all at once.
    let distinct = stormed.iter().enumerate().flat_map(|(n, invoice)| messages(n, invoice));
    let mut queue: Vec<String> = Vec::new();
    for message in distinct {
        let body = message.to_string();
        queue.extend(std::iter::repeat_n(body, rng.random_range(1..=MOST)));
    }
    while queue.len() < deliveries {
        let again = queue[rng.random_range(0..queue.len())].clone();
        queue.push(again);
    }
    queue.shuffle(&mut rng);
    let all = queue.len();
    stripe.fail(&random_faults(&mut rng, count));
    let api = Api {
        process: RwLock::new(Some(started(&app).await)),
        is_down: AtomicBool::new(false),
        sent: AtomicUsize::new(0),
        odd: Mutex::default(),
    };
    let queue = Mutex::new(queue);
    let http = plain().build().unwrap();
    let sender = || async {
        loop {
            let Some(body) = queue.lock().unwrap().pop() else { break };
            api.deliver(&http, &body).await;
        }
    };
    let follow = async {
        // Jobs follow all the while: money goes back while more of it is told.
        while api.sent.load(Ordering::SeqCst) < all {
            app.settle().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(join_all((0..SENDERS).map(|_| sender())), api.plague(&app, all), follow);
    // On a machine that has other things to do, one or another may time out.
    let odd = api.odd.lock().unwrap().clone();
    assert!(odd.len() <= all / 1_000, "trouble although it is there: {odd:?}");
    // Stripe is left alone for a while whenever it is in trouble, and asked again.
    let void = (0..count).filter(|n| is_void(*n)).count();
    for _ in 0..ROUNDS {
        app.settle().await;
        app.advance(TimeDelta::minutes(20));
        if stripe.refunds().len() == 2 * void {
            break;
        }
    }
    app.advance(TimeDelta::hours(2));
    app.settle().await;

    let one_by_one = totals(&app.staff_of(0, "owner"), &ordered).await;
    let at_once = totals(&app.staff_of(1, "owner"), &stormed).await;
    assert_eq!(one_by_one.0, at_once.0, "seed {seed}");
    assert_eq!(one_by_one.1, at_once.1, "seed {seed}");
    for (status, cents) in [("PAID", 18_900), ("PARTIAL", 14_000), ("SENT", 0), ("VOID", 0)] {
        let found = at_once.0.iter().any(|one| one[..2] == [json!(status), json!(cents)]);
        assert!(found, "nothing is {status} with {cents}");
    }
    // What was paid for nothing went back, once each.
    let mut back: HashMap<String, usize> = HashMap::new();
    for refund in stripe.refunds() {
        assert_eq!(refund["amount"], "18900");
        *back.entry(refund["payment_intent"].clone()).or_default() += 1;
    }
    assert_eq!(back.len(), 2 * void);
    assert!(back.values().all(|times| *times == 1), "{back:?}");
    assert_eq!(stripe.sessions().len(), 0, "nobody was charged");
    eprintln!("{all} deliveries of {count} invoices, seed {seed}");
}

/// Most requests go wrong in one way or another, the first time.
fn random_faults(rng: &mut StdRng, count: usize) -> Vec<Fault> {
    let sorts = [Fault::Trouble, Fault::LostReply, Fault::Slow, Fault::Reset];
    (0..(count / 6).min(FAULTS)).map(|_| sorts[rng.random_range(0..sorts.len())]).collect()
}
