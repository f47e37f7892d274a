//! What the tax office is told, against what the test makes of the bare events.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use chrono::{DateTime, Days, NaiveDate, Utc};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use sqlx::Row;

use super::{at, category, day, invoiced, paid, sent, spent, with_client};
use crate::harness::App;

/// The tables of a ZIP by their names, in its order.
fn tables(bytes: &[u8]) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> =
        (0..zip.len()).map(|n| zip.by_index(n).unwrap().name().unwrap().into_owned()).collect();
    let mut tables = Vec::new();
    for name in names {
        let mut text = String::new();
        zip.by_name(&name).unwrap().read_to_string(&mut text).unwrap();
        tables.push((name, text));
    }
    tables
}

/// Every event of the first organisation, in order: its kind, the id of what it happened to, what happened, and all it says.
async fn events(app: &App) -> Vec<(String, String, String, Value)> {
    let mut admin = app.db.admin().await;
    let rows = sqlx::query(
        "select aggregate_type, aggregate_id, event_type, payload::text as payload from events
         where org_id = $1 order by position",
    )
    .bind(app.orgs[0].id.as_uuid())
    .fetch_all(&mut admin)
    .await
    .unwrap();
    let read = |row: &sqlx::postgres::PgRow| {
        let payload = serde_json::from_str(row.get("payload")).unwrap();
        (row.get(0), row.get(1), row.get(2), payload)
    };
    rows.iter().map(read).collect()
}

/// Of an invoice, as far as tax goes.
#[derive(Default)]
struct Known {
    number: String,
    currency: String,
    total: i128,
    tax: i128,
    paid: i128,
    told: i128,
}

/// Half a cent goes up.
fn rounded(of: i128, part: i128, whole: i128) -> i128 {
    if whole == 0 { 0 } else { (of * part * 2 + whole).div_euclid(whole * 2) }
}

fn local(text: &Value) -> NaiveDate {
    let at: DateTime<Utc> = text.as_str().unwrap().parse().unwrap();
    at.with_timezone(&domain::settings::zone::DEFAULT).date_naive()
}

/// The lines about payments that the export must have, with the day of each.
fn expected(log: &[(String, String, String, Value)]) -> Vec<(NaiveDate, String)> {
    let mut invoices: BTreeMap<String, Known> = BTreeMap::new();
    let mut lines = Vec::new();
    for (kind, id, what, said) in log.iter().filter(|(kind, ..)| kind == "invoice") {
        let known = invoices.entry(id.clone()).or_default();
        let cents = |name: &str| i128::from(said[name].as_i64().unwrap_or_default());
        assert_eq!(kind, "invoice");
        let (change, at) = match what.as_str() {
            "drafted" => {
                let year = said["number"]["year"].as_i64().unwrap();
                let count = said["number"]["count"].as_i64().unwrap();
                known.number = format!("INV-{year}-{count:06}");
                said["currency"].as_str().unwrap().clone_into(&mut known.currency);
                for line in said["lines"].as_array().unwrap() {
                    let net = i128::from(line["qty"].as_i64().unwrap())
                        * i128::from(line["unit_price_cents"].as_i64().unwrap());
                    let rate = i128::from(line["tax_ppm"].as_i64().unwrap_or_default());
                    let tax = rounded(net, rate, 1_000_000);
                    (known.total, known.tax) = (known.total + net + tax, known.tax + tax);
                }
                continue;
            }
            "payment_applied" => (cents("amount_cents"), &said["received_at"]),
            "payment_refunded" => (-cents("amount_cents"), &said["at"]),
            _ => continue,
        };
        known.paid += change;
        let due = rounded(known.paid.clamp(0, known.total), known.tax, known.total);
        let tax = due - known.told;
        known.told = due;
        let at_utc: DateTime<Utc> = at.as_str().unwrap().parse().unwrap();
        let payment = said["payment_id"].as_str().unwrap();
        let (number, currency) = (&known.number, &known.currency);
        let at_utc = at_utc.to_rfc3339();
        let line = format!("{payment},{id},{number},{at_utc},{change},{currency},{tax}");
        lines.push((local(at), line));
    }
    for known in invoices.values().filter(|known| known.paid >= known.total) {
        assert_eq!(known.told, known.tax, "{} is paid and carries all of its tax", known.number);
    }
    lines.sort_by_key(|(day, _)| *day);
    lines
}

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn up_to(&mut self, most: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % most
    }
}

/// An invoice in another currency that is paid on its day: 5 dollars of tax.
async fn dollars(owner: &crate::harness::Client, sam: &str, on: &str) {
    let items =
        json!([{ "description": "x", "qty": 1, "unit_price_cents": 10_000, "tax_rate": 0.05 }]);
    let body = json!({ "client_id": sam, "issue_date": on, "items": items, "currency": "USD" });
    let made = owner.post("/v1/admin/invoices", &body).await;
    let invoice = made.ok().body["invoice_id"].as_str().unwrap().to_owned();
    sent(owner, &invoice).await;
    paid(owner, &invoice, day(on), 10_500).await;
}

/// Invoices that are paid in parts, too much, not at all and back again, and expenses.
async fn business(app: &App, owner: &crate::harness::Client, sam: &str) {
    // The first payment of all is one in another currency.
    dollars(owner, sam, "2026-01-01").await;
    dollars(owner, sam, "2026-02-15").await;
    let mut chance = Chance(7);
    let rates = [json!(0.05), json!(0.13), Value::Null, json!(0.0725)];
    let fuel = category(owner, "Fuel").await;
    for n in 0..12_u64 {
        let issued = day("2026-01-02").checked_add_days(Days::new(n * 9)).unwrap();
        let lines = 1 + chance.up_to(3);
        let items: Vec<Value> = (0..lines)
            .map(|_| {
                let (qty, price) = (1 + chance.up_to(3), 1 + chance.up_to(20_000));
                let rate = rates[usize::try_from(chance.up_to(4)).unwrap()].clone();
                json!({ "description": "x", "qty": qty, "unit_price_cents": price, "tax_rate": rate })
            })
            .collect();
        let invoice = invoiced(owner, sam, issued, &json!(items)).await;
        sent(owner, &invoice).await;
        let detail = format!("/v1/admin/invoices/{invoice}");
        app.settle().await;
        let total = owner.get(&detail).await.ok().body["total_cents"].as_i64().unwrap();
        let mut left = total;
        for part in 0..=chance.up_to(4) {
            let cents = if part == 3 { left.max(1) } else { 1 + chance.up_to(total.max(1)) };
            let on = issued.checked_add_days(Days::new(u64::try_from(part).unwrap() * 11)).unwrap();
            let payment = paid(owner, &invoice, on, cents).await;
            left -= cents;
            if chance.up_to(3) == 0 {
                let back = format!("{detail}/payments/{payment}/refund");
                let some = json!({ "amount_cents": 1 + chance.up_to(cents) });
                owner.post(&back, &some).await.ok();
            }
        }
        spent(owner, &fuel, issued, (100 + chance.up_to(900), chance.up_to(50))).await;
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from its beginning to its end")]
async fn the_export_tells_what_the_events_tell_and_equal_data_makes_equal_bytes() {
    let (app, owner, sam) = with_client().await;
    business(&app, &owner, &sam).await;
    let odd = category(&owner, "Odd").await;
    let formula = json!({
        "occurred_on": "2026-01-15", "category_id": odd, "vendor": "=cmd()", "description": "-2+3",
        "amount_cents": 1, "tax_cents": 0,
    });
    owner.post(&at("expenses"), &formula).await.ok();
    for (due, paid_on) in [("2026-03-31", json!("2026-03-30")), ("2026-04-01", Value::Null)] {
        let plan = json!({
            "tax_type": "GST", "due_on": due, "amount_cents": 500, "paid_on": paid_on, "note": "+n",
        });
        owner.post(&at("taxes/instalments"), &plan).await.ok();
    }
    app.settle().await;
    let log = events(&app).await;
    let all = expected(&log);
    let accountant = app.staff("accountant");
    for (from, to) in
        [("2026-01-01", "2026-03-31"), ("2026-02-10", "2026-02-20"), ("2020-01-01", "2030-12-31")]
    {
        let path = at(&format!("taxes/export?from={from}&to={to}"));
        let (headers, bytes) = accountant.download(&path).await;
        assert_eq!(headers["content-type"], "application/zip");
        let name = format!("attachment; filename=\"gst_export_{from}_{to}.zip\"");
        assert_eq!(headers["content-disposition"], name.as_str());
        assert_eq!(accountant.download(&path).await.1, bytes);
        let tables = tables(&bytes);
        let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["gst_summary.csv", "gst_payments.csv", "gst_expenses.csv", "tax_instalments.csv"]
        );
        let range = day(from)..=day(to);
        let own = all.iter().filter(|(day, _)| range.contains(day));
        let wanted: Vec<&str> = own.map(|(_, line)| line.as_str()).collect();
        let mut lines = tables[1].1.lines();
        assert_eq!(
            lines.next(),
            Some(
                "payment_id,invoice_id,invoice_number,paid_at,amount_cents,currency,allocated_tax_cents"
            )
        );
        assert_eq!(lines.collect::<Vec<_>>(), wanted);
        let collected_in = |currency: &str| -> i64 {
            let own = wanted.iter().filter(|line| line.split(',').nth(5) == Some(currency));
            own.map(|line| number(line, 6)).sum()
        };
        let (collected, dollars) = (collected_in("CAD"), collected_in("USD"));
        assert_eq!(dollars, if from == "2026-02-10" { 500 } else { 1_000 });
        let paid: i64 = tables[2].1.lines().skip(1).map(|line| number(line, 5)).sum();
        let summary: Vec<&str> = tables[0].1.lines().collect();
        assert_eq!(
            summary,
            [
                "from_date,to_date,tax_collected_cents,tax_paid_cents,tax_owed_cents,currency_code",
                &format!("{from},{to},{collected},{paid},{},CAD", collected - paid),
                &format!("{from},{to},{dollars},0,{dollars},USD"),
            ]
        );
        let told =
            accountant.get(&at(&format!("taxes/gst_summary?from={from}&to={to}&explain=1"))).await;
        assert_eq!(
            (&told.ok().body["tax_collected_cents"], &told.body["tax_paid_cents"]),
            (&json!(collected), &json!(paid))
        );
        assert_eq!(
            told.body["other_currencies"],
            json!([{
                "currency_code": "USD", "tax_collected_cents": dollars, "tax_paid_cents": 0,
                "tax_owed_cents": dollars,
            }])
        );
        assert_eq!(told.body["currency_code"], "CAD");
        let own = wanted.iter().filter(|line| line.contains(",CAD,")).count();
        let behind = &told.body["explain"]["tax_collected_cents"];
        assert_eq!(behind["count"], json!(own));
        assert_eq!(behind["items"].as_array().unwrap().len(), own);
        noted(&app, &bytes, (from, to), wanted.len()).await;
    }
    let (_, bytes) = accountant.download(&at("taxes/export?from=2026-01-01&to=2026-03-31")).await;
    let tables = tables(&bytes);
    assert!(tables[2].1.contains(",2026-01-15,'=cmd(),'-2+3,1,0,\r\n"), "{}", tables[2].1);
    assert_eq!(
        tables[2].1.lines().next(),
        Some("expense_id,occurred_on,vendor,description,amount_cents,tax_cents,payment_method")
    );
    let instalments: Vec<&str> = tables[3].1.lines().collect();
    assert_eq!(instalments[0], "instalment_id,tax_type,due_on,amount_cents,paid_on,note");
    assert!(
        instalments.len() == 2 && instalments[1].ends_with(",GST,2026-03-31,500,2026-03-30,'+n")
    );
}

/// The number in a cell of a line whose cells hold no commas.
fn number(line: &str, cell: usize) -> i64 {
    line.split(',').nth(cell).unwrap().parse().unwrap()
}

/// The export is an event that knows it by its digest.
async fn noted(app: &App, bytes: &[u8], (from, to): (&str, &str), payments: usize) {
    let log = events(app).await;
    let (kind, _, what, said) = log.last().unwrap();
    assert_eq!((kind.as_str(), what.as_str()), ("tax_export", "generated"));
    assert_eq!(said["sha256"], hex::encode(digest(&SHA256, bytes)));
    assert_eq!((&said["from"], &said["to"]), (&json!(from), &json!(to)));
    assert_eq!(said["counts"]["payments"], json!(payments));
}

#[tokio::test]
async fn an_export_is_for_those_who_keep_the_books_and_of_days_in_order() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let backwards = owner.get(&at("taxes/export?from=2026-02-01&to=2026-01-01")).await;
    assert_eq!((backwards.status, backwards.fields()), (422, vec!["to"]));
    assert_eq!(owner.get(&at("taxes/export?from=2026-02-01")).await.status, 422);
    let path = at("taxes/export?from=2026-01-01&to=2026-01-31");
    app.staff("viewer").get(&path).await.is(403, "forbidden");
    app.anyone().get(&path).await.is(401, "unauthenticated");
    let (_, bytes) = owner.download(&path).await;
    assert_eq!(tables(&bytes)[0].1.lines().nth(1), Some("2026-01-01,2026-01-31,0,0,0,CAD"));
    let calendar = owner.get(&at("taxes/calendar?from=2026-01-01&to=2026-06-30")).await;
    let told = &calendar.ok().body["items"];
    assert_eq!(
        (told.as_array().unwrap().len(), &told[1]["label"], &told[1]["due_on"]),
        (2, &json!("GST Q1 2026"), &json!("2026-04-30"))
    );
}
