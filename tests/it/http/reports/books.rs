//! Revenue, what is still to be paid, and who paid most.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::super::scheduling::{at_ten, client, route as of_visit, team, text, visit};
use super::{Dice, day, facts, is_still, items, sum, today};
use crate::harness::{App, Client};

const KINDS: [&str; 4] = ["invoiced_cents", "credited_cents", "received_cents", "refunded_cents"];

/// What the test itself did with one invoice.
struct Own {
    id: String,
    team: Option<usize>,
    total: i64,
    paid: Vec<(String, i64)>,
    credited: i64,
    entries: Vec<(&'static str, NaiveDate, i64)>,
    is_void: bool,
}

impl Own {
    fn kept(&self) -> impl Iterator<Item = &(&'static str, NaiveDate, i64)> {
        let is_kept = |(kind, ..): &&(&str, NaiveDate, i64)| {
            !self.is_void || !["invoiced_cents", "credited_cents"].contains(kind)
        };
        self.entries.iter().filter(is_kept)
    }
}

struct Office<'a> {
    app: &'a App,
    owner: Client,
    clients: Vec<String>,
    visits: Vec<(String, usize)>,
    dice: Dice,
    all: Vec<Own>,
}

impl Office<'_> {
    fn past(&mut self, days: u64) -> NaiveDate {
        today(self.app) - Days::new(self.dice.roll(days))
    }

    fn path(&self, n: usize, verb: &str) -> String {
        format!("/v1/admin/invoices/{}/{verb}", self.all[n].id)
    }

    /// Writes an invoice, of a visit or for a client, and lets it count.
    async fn issue(&mut self) {
        let issued = self.past(60);
        let visit = self.visits.pop();
        // An invoice of a visit says what the visit was said to cost.
        let price = i64::try_from(self.dice.roll(900)).unwrap() * 100 + 1_000;
        let price = if visit.is_some() { 20_000 } else { price };
        let items =
            json!([{ "description": "x", "qty": 1, "unit_price_cents": price, "tax_rate": 0.05 }]);
        let due = issued + Days::new(self.dice.roll(40));
        let mut body = json!({ "issue_date": issued, "due_date": due, "items": items });
        let made = if let Some((visit, _)) = &visit {
            self.owner.post(&format!("/v1/admin/orders/{visit}/invoice"), &body).await
        } else {
            let n = self.dice.roll(self.clients.len() as u64);
            body["client_id"] = json!(self.clients[usize::try_from(n).unwrap()]);
            self.owner.post("/v1/admin/invoices", &body).await
        };
        let id = text(made.ok(), "invoice_id");
        let total = made.body["total_cents"].as_i64().unwrap();
        self.owner.post(&format!("/v1/admin/invoices/{id}/send"), &json!({})).await.ok();
        let entries = vec![("invoiced_cents", issued, total)];
        let team = visit.map(|(_, team)| team);
        let (paid, credited, is_void) = (Vec::new(), 0, false);
        self.all.push(Own { id, team, total, paid, credited, entries, is_void });
    }

    async fn pay(&mut self, n: usize) {
        let cents = i64::try_from(self.dice.roll(20_000)).unwrap() + 1;
        let at = self.app.now() - TimeDelta::hours(i64::try_from(self.dice.roll(900)).unwrap());
        let body = json!({ "amount_cents": cents, "method": "cash", "received_at": at });
        let done = self.owner.post(&self.path(n, "record-payment"), &body).await;
        let payment = done.ok().body["payment"]["payment_id"].as_str().unwrap().to_owned();
        self.all[n].paid.push((payment, cents));
        self.all[n].entries.push(("received_cents", day(at), cents));
    }

    async fn refund(&mut self, n: usize) {
        let Some((payment, cents)) = self.all[n].paid.pop() else { return };
        let path = format!("{}/{payment}/refund", self.path(n, "payments"));
        self.owner.post(&path, &json!({ "amount_cents": cents })).await.ok();
        let today = today(self.app);
        self.all[n].entries.push(("refunded_cents", today, cents));
    }

    async fn credit(&mut self, n: usize) {
        let left = self.all[n].total - self.all[n].credited;
        if left < 2 {
            return;
        }
        let cents = i64::try_from(self.dice.roll(u64::try_from(left).unwrap() / 2)).unwrap() + 1;
        let body = json!({ "amount_cents": cents, "reason": "a stain" });
        self.owner.post(&self.path(n, "credit-notes"), &body).await.ok();
        let today = today(self.app);
        self.all[n].credited += cents;
        self.all[n].entries.push(("credited_cents", today, cents));
    }

    async fn void(&mut self, n: usize) {
        let done = self.owner.post(&self.path(n, "void"), &json!({ "reason": "twice" })).await;
        if done.status == 200 {
            self.all[n].is_void = true;
        } else {
            done.is(409, "invoice.has_payments");
        }
    }

    async fn step(&mut self) {
        let roll = self.dice.roll(10);
        let open: Vec<usize> = (0..self.all.len()).filter(|n| !self.all[*n].is_void).collect();
        if open.is_empty() || roll < 3 {
            return self.issue().await;
        }
        let n = open[usize::try_from(self.dice.roll(open.len() as u64)).unwrap()];
        match roll {
            3..7 => self.pay(n).await,
            7 => self.refund(n).await,
            8 => self.credit(n).await,
            _ => self.void(n).await,
        }
        self.app.advance(TimeDelta::hours(5));
    }

    /// By key, each of [`KINDS`]; rows of nothing left out.
    fn expected<K: Ord>(&self, key: impl Fn(&Own, NaiveDate) -> K) -> BTreeMap<K, [i64; 4]> {
        let mut rows = BTreeMap::<K, [i64; 4]>::new();
        for own in &self.all {
            for (kind, day, cents) in own.kept() {
                let n = KINDS.iter().position(|one| one == kind).unwrap();
                rows.entry(key(own, *day)).or_default()[n] += cents;
            }
        }
        rows.retain(|_, sums| *sums != [0; 4]);
        rows
    }
}

fn told(items: &[Value], name: &str) -> BTreeMap<String, [i64; 4]> {
    let row = |item: &Value| {
        let key = item[name].as_str().unwrap_or("none").to_owned();
        (key, KINDS.map(|kind| item[kind].as_i64().unwrap()))
    };
    let mut rows = BTreeMap::<String, [i64; 4]>::new();
    for (key, sums) in items.iter().map(row) {
        let own = rows.entry(key).or_default();
        *own = std::array::from_fn(|n| own[n] + sums[n]);
    }
    rows
}

async fn office(app: &App) -> Office<'_> {
    let owner = app.staff("owner");
    let (north, south) = (team(&owner, "North").await, team(&owner, "South").await);
    let mut clients = Vec::new();
    for name in ["Sam", "Ana", "Bo"] {
        clients.push(client(&owner, name).await);
    }
    let mut visits = Vec::new();
    for (n, team) in [&north, &south, &north].into_iter().enumerate() {
        let deep = json!({ "service_type": "deep", "price_cents": 20_000 });
        let days = i64::try_from(n).unwrap() + 1;
        let body = visit(team, &clients[n], at_ten(app, days), &deep);
        visits.push((super::done(&owner, &body, 100).await, n % 2));
    }
    Office { app, owner, clients, visits, dice: Dice(7), all: Vec::new() }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one history, looked at from every side")]
async fn revenue_is_what_was_invoiced_and_paid_on_the_day_it_belongs_to() {
    let app = App::start().await;
    let mut office = office(&app).await;
    for _ in 0..40 {
        office.step().await;
    }
    app.settle().await;
    let (from, to) = (today(&app) - Days::new(200), today(&app) + Days::new(60));
    let path = format!("/v1/admin/reports/revenue?from={from}&to={to}");
    let books = app.staff("accountant");
    let before = books.get(&path).await;
    let expected = office.expected(|_, day| day.to_string());
    assert_eq!(told(&items(&before), "period"), expected);
    assert!(expected.len() > 5 && before.body["basis"]["received_cents"].is_string());
    // By month, by week from Monday, by team and by service it comes to the same.
    let monthly = books.get(&format!("{path}&by=month")).await;
    let months = office.expected(|_, day| format!("{}-01", day.format("%Y-%m")));
    assert_eq!(told(&items(&monthly), "period"), months);
    let weekly = books.get(&format!("{path}&by=week")).await;
    let weeks = office.expected(|_, day| day.week(chrono::Weekday::Mon).first_day().to_string());
    assert_eq!(told(&items(&weekly), "period"), weeks);
    let teams = books.get(&format!("{path}&by=month&group=team")).await;
    let named = |own: &Own| own.team.map_or("none", |n| ["North", "South"][n]).to_owned();
    assert_eq!(told(&items(&teams), "team"), office.expected(|own, _| named(own)));
    let services = books.get(&format!("{path}&by=month&group=service")).await;
    let service = |own: &Own| own.team.map_or("none", |_| "deep").to_owned();
    assert_eq!(told(&items(&services), "service"), office.expected(|own, _| service(own)));
    let totals = office.expected(|_, _| ()).remove(&()).unwrap();
    let total = &before.body["totals"][0];
    assert_eq!(KINDS.map(|kind| total[kind].as_i64().unwrap()), totals);
    assert_eq!(total["net_received_cents"], totals[2] - totals[3]);
    // The same money as in the table of payments.
    let all = "status=DRAFT,SENT,PARTIAL,PAID,OVERDUE,VOID";
    let table = books.get(&format!("/v1/admin/exports/payments.csv?{all}")).await;
    let column = |n: usize| -> i64 {
        let lines = table.ok().text.lines().skip(1);
        lines.map(|line| line.split(',').nth(n).unwrap().parse::<i64>().unwrap()).sum()
    };
    assert_eq!((column(6), column(10)), (totals[2], totals[3]));
    // Every figure is the sum of its facts, and each fact names the event that says so.
    let facts = facts(&books, &path).await;
    for (period, sums) in &expected {
        for (kind, cents) in KINDS.iter().zip(sums) {
            assert_eq!(sum(&facts, kind, &json!({ "period": period })), *cents, "{period} {kind}");
        }
    }
    let events = app.staff("owner").get("/v1/admin/events?limit=500").await;
    let events = events.ok().body["items"].as_array().unwrap().clone();
    for fact in &facts {
        let event = events.iter().find(|event| event["position"] == fact["position"]).unwrap();
        assert!(["invoice", "payment"].contains(&event["aggregate_type"].as_str().unwrap()));
    }
    // As a table the same, and then what it was then.
    let csv = books.get(&format!("{path}&format=csv")).await;
    assert_eq!(csv.ok().text.lines().count(), items(&before).len() + 1);
    assert!(csv.text.starts_with("period,currency,invoiced_cents,credited_cents,received_cents"));
    for _ in 0..12 {
        office.step().await;
    }
    app.settle().await;
    let now = books.get(&path).await;
    assert_ne!(now.ok().body["items"], before.body["items"]);
    assert_eq!(told(&items(&now), "period"), office.expected(|_, day| day.to_string()));
    is_still(&books, &path, &before).await;
    for (more, first) in [("&by=month&group=team", &teams), ("&by=month&group=service", &services)]
    {
        is_still(&books, &format!("{path}{more}"), first).await;
    }
    // Page by page.
    let page = books.get(&format!("{path}&limit=2")).await;
    assert_eq!((items(&page).len(), &page.body["next_cursor"]), (2, &json!("2")));
    let next = books.get(&format!("{path}&limit=2&cursor=2")).await;
    assert_eq!(items(&next)[0], items(&now)[2]);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "what is owed, looked at on one day after the other")]
async fn what_clients_owe_grows_older_day_by_day() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (sam, ana) = (client(&owner, "=Sam").await, client(&owner, "Ana").await);
    let today = today(&app);
    let mut invoices = Vec::new();
    // Due so many days before today.
    for (who, late, cents) in
        [(&sam, -3_i64, 100), (&sam, 1, 200), (&sam, 45, 400), (&ana, 61, 800), (&ana, 200, 1_600)]
    {
        let due = today - TimeDelta::days(late);
        let items =
            json!([{ "description": "x", "qty": 1, "unit_price_cents": cents, "tax_rate": null }]);
        let issued = today - Days::new(210);
        let body =
            json!({ "client_id": who, "issue_date": issued, "due_date": due, "items": items });
        let id = text(owner.post("/v1/admin/invoices", &body).await.ok(), "invoice_id");
        owner.post(&format!("/v1/admin/invoices/{id}/send"), &json!({})).await.ok();
        invoices.push(id);
    }
    app.settle().await;
    let books = app.staff("accountant");
    let path = "/v1/admin/reports/receivables";
    let now = books.get(path).await;
    let names = [
        "current_cents",
        "days_1_30_cents",
        "days_31_60_cents",
        "days_61_90_cents",
        "days_over_90_cents",
        "total_cents",
    ];
    let of = |answer: &crate::harness::client::Answer, who: &str| {
        let rows = items(answer);
        let row = rows.iter().find(|row| row["customer_id"] == who);
        row.map(|row| names.map(|name| row[name].as_i64().unwrap()))
    };
    assert_eq!(of(&now, &sam), Some([100, 200, 400, 0, 0, 700]));
    assert_eq!(of(&now, &ana), Some([0, 0, 0, 800, 1_600, 2_400]));
    assert_eq!(now.body["totals"][0]["total_cents"], 3_100);
    assert_eq!(items(&now)[0]["customer"], "Ana");
    let facts = facts(&books, &format!("{path}?day={today}")).await;
    assert_eq!(sum(&facts, "days_31_60_cents", &json!({ "customer_id": sam })), 400);
    assert_eq!(facts.len(), 5);
    let csv = books.get(&format!("{path}?format=csv")).await;
    assert!(csv.ok().text.contains(",'=Sam,"), "{}", csv.text);
    // On an earlier day less was overdue, and for less long.
    let earlier = today - Days::new(60);
    let then = books.get(&format!("{path}?day={earlier}")).await;
    assert_eq!(of(&then, &sam), Some([700, 0, 0, 0, 0, 700]));
    assert_eq!(of(&then, &ana), Some([0, 800, 0, 0, 1_600, 2_400]));
    let before = today - Days::new(211);
    assert_eq!(items(&books.get(&format!("{path}?day={before}")).await), Vec::<Value>::new());
    // What is paid, credited and voided later is not owed later, and was owed before.
    let pay =
        json!({ "amount_cents": 150, "method": "cash", "received_at": today.and_hms_opt(0, 5, 0) });
    let verb = |n: usize, verb: &str| format!("/v1/admin/invoices/{}/{verb}", invoices[n]);
    owner.post(&verb(1, "record-payment"), &pay).await.ok();
    owner.post(&verb(2, "credit-notes"), &json!({ "amount_cents": 400, "reason": "x" })).await.ok();
    owner.post(&verb(4, "void"), &json!({ "reason": "x" })).await.ok();
    app.settle().await;
    let later = books.get(path).await;
    assert_eq!(of(&later, &sam), Some([100, 50, 0, 0, 0, 150]));
    assert_eq!(of(&later, &ana), Some([0, 0, 0, 800, 0, 800]));
    let yesterday = today - Days::new(1);
    let still = books.get(&format!("{path}?day={yesterday}")).await;
    assert_eq!(of(&still, &ana), Some([0, 0, 800, 0, 1_600, 2_400]));
    is_still(&books, path, &now).await;
    is_still(&books, &format!("{path}?day={earlier}"), &then).await;
    // Whoever turns out to be somebody else owes with them, under the name they have then.
    let merge = format!("/v1/admin/clients/{ana}/merge");
    owner.post(&merge, &json!({ "into_client_id": sam })).await.ok();
    let renamed = json!({ "name": "Samuel" });
    owner.patch(&format!("/v1/admin/clients/{sam}"), &renamed).await.ok();
    app.settle().await;
    let merged = books.get(path).await;
    assert_eq!(of(&merged, &sam), Some([100, 50, 0, 800, 0, 950]));
    assert_eq!((items(&merged).len(), &items(&merged)[0]["customer"]), (1, &json!("Samuel")));
    is_still(&books, path, &later).await;
    let erase = json!({ "reason": "asked" });
    let subject = format!("/v1/admin/subjects/{sam}/erase");
    app.following(owner.post(&subject, &erase)).await.ok();
    app.settle().await;
    let position = later.position();
    let erased = books.get(&format!("{path}?as_of={position}")).await;
    assert_eq!(of(&erased, &sam), Some([100, 50, 0, 0, 0, 150]));
    assert!(!erased.text.contains("Sam"), "{}", erased.text);
}

#[tokio::test]
async fn deposits_come_in_once_and_whoever_paid_most_stands_first() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, ana) = (client(&owner, "Sam").await, client(&owner, "Ana").await);
    let asks = json!({ "deposit_cents": 5_000, "price_cents": 20_000 });
    let made =
        super::super::scheduling::booked(&owner, &visit(&north, &sam, at_ten(&app, 4), &asks))
            .await;
    let booking = text(made.ok(), "booking_id");
    let deposit = json!({ "amount_cents": 5_000, "reference": "till" });
    owner.post(&of_visit(&booking, "deposit"), &deposit).await.ok();
    app.settle().await;
    let items_of =
        json!([{ "description": "x", "qty": 1, "unit_price_cents": 20_000, "tax_rate": null }]);
    let order = format!("/v1/admin/orders/{booking}/invoice");
    let invoice = text(owner.post(&order, &json!({ "items": items_of })).await.ok(), "invoice_id");
    owner.post(&format!("/v1/admin/invoices/{invoice}/send"), &json!({})).await.ok();
    let pay = json!({ "amount_cents": 15_000, "method": "cash" });
    let path = format!("/v1/admin/invoices/{invoice}/record-payment");
    owner.post(&path, &pay).await.ok();
    let small = json!({ "client_id": ana, "items": [{ "description": "x", "qty": 1, "unit_price_cents": 900, "tax_rate": null }] });
    let other = text(owner.post("/v1/admin/invoices", &small).await.ok(), "invoice_id");
    let pay = json!({ "amount_cents": 900, "method": "cash" });
    owner.post(&format!("/v1/admin/invoices/{other}/record-payment"), &pay).await.ok();
    app.settle().await;
    let (from, books) = (today(&app), app.staff("accountant"));
    let range = format!("from={from}&to={from}");
    let revenue = books.get(&format!("/v1/admin/reports/revenue?{range}")).await;
    assert_eq!(items(&revenue)[0]["received_cents"], 20_900);
    assert_eq!(items(&books.get("/v1/admin/reports/receivables").await), Vec::<Value>::new());
    let clv = books.get("/v1/admin/analytics/clients/clv").await;
    let body = &clv.ok().body;
    assert_eq!(
        [&body["clients"], &body["average_cents"], &body["median_cents"]],
        [2, 10_450, 10_450]
    );
    assert_eq!(
        (&body["top"][0]["client"], &body["top"][0]["paid_cents"]),
        (&json!("Sam"), &json!(20_000))
    );
    let one = books.get("/v1/admin/analytics/clients/clv?limit=1").await;
    assert_eq!(
        (one.ok().body["top"].as_array().unwrap().len(), &one.body["total"]),
        (1, &json!(2))
    );
    is_still(&books, "/v1/admin/analytics/clients/clv", &clv).await;
}
