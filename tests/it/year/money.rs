//! What must hold of money after everything that is asked: told from the events alone, and held against what people are shown.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// Money that counts for an invoice.
#[derive(Debug)]
struct Paid {
    id: String,
    cents: i64,
    back: i64,
    /// Before the visit.
    is_deposit: bool,
    by_card: bool,
}

/// An invoice.
#[derive(Debug, Default)]
struct Bill {
    total: i64,
    /// Of it, tax.
    tax: i64,
    credited: i64,
    credited_tax: i64,
    paid: Vec<Paid>,
    is_issued: bool,
    is_late: bool,
    late_at: Option<DateTime<Utc>>,
    /// `VOID` or `DISCARDED`.
    gone: Option<&'static str>,
    /// The visit that it has for itself.
    order: Option<String>,
}

impl Bill {
    fn net(&self) -> i64 {
        self.paid.iter().map(|one| one.cents - one.back).sum()
    }

    fn status(&self) -> &'static str {
        let (net, due) = (self.net(), self.total - self.credited);
        match self.gone {
            Some(gone) => gone,
            None if !self.is_issued => "DRAFT",
            None if net >= due => "PAID",
            None if net > 0 => "PARTIAL",
            None if self.is_late => "OVERDUE",
            None => "SENT",
        }
    }

    fn balance(&self) -> i64 {
        let left = self.total - self.credited - self.net();
        if self.gone.is_some() { 0 } else { left.max(0) }
    }
}

/// What all invoices that count come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Still to be paid, less what was paid too much.
    pub(super) owed: i64,
    /// Without tax, less credits.
    pub(super) earned: i64,
    /// Less that of credits.
    pub(super) tax: i64,
    /// Paid before the visit or by card, and counted for one of them.
    pub(super) from_deposits: i64,
}

/// How far a dispute has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dispute {
    Open,
    Collected,
    Decided,
    Closed,
}

/// Everything that is known of the money of an organisation.
#[derive(Debug, Default)]
pub(super) struct Money {
    bills: HashMap<String, Bill>,
    /// The last number of each year.
    numbers: HashMap<i64, i64>,
    disputes: HashMap<String, Dispute>,
}

pub(super) fn cents(payload: &Value, name: &str) -> i64 {
    payload[name].as_i64().unwrap()
}

fn text(payload: &Value, name: &str) -> String {
    payload[name].as_str().unwrap().to_owned()
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().unwrap())
}

/// With tax, and the tax in it; of each line rounded for itself, half a cent up.
fn total(lines: &Value) -> (i64, i64) {
    let (mut total, mut taxes) = (0, 0);
    for line in lines.as_array().unwrap() {
        let net = cents(line, "qty") * cents(line, "unit_price_cents");
        let tax = net * line["tax_ppm"].as_i64().unwrap_or_default();
        let tax = (tax + 500_000) / 1_000_000;
        (total, taxes) = (total + net + tax, taxes + tax);
    }
    (total, taxes)
}

impl Money {
    pub(super) fn invoice(&mut self, id: &str, event: &str, payload: &Value, said: &str) {
        if event == "drafted" {
            let (year, count) =
                (cents(&payload["number"], "year"), cents(&payload["number"], "count"));
            let last = self.numbers.entry(year).or_default();
            assert_eq!(count, *last + 1, "a gap in the numbers of {year}: {said}");
            *last = count;
            let own = payload["additional"] != Value::Bool(true);
            let order = payload["order"].as_str().filter(|_| own).map(str::to_owned);
            let others =
                self.bills.values().filter(|one| one.gone.is_none() && one.order.is_some());
            let has_one = others.filter(|one| one.order == order).count();
            assert_eq!(has_one, 0, "two invoices of one visit: {said}");
            let (total, tax) = total(&payload["lines"]);
            let bill = Bill { total, tax, order, ..Bill::default() };
            assert!(self.bills.insert(id.to_owned(), bill).is_none(), "{said}");
            return;
        }
        if event == "deposit_credited" {
            let own = text(payload, "payment_id");
            let mut all = self.bills.values().flat_map(|one| &one.paid);
            assert!(all.all(|one| one.id != own), "a deposit counts twice: {said}");
        }
        let bill = self.bills.get_mut(id).unwrap();
        bill.happened(event, payload, said);
    }

    pub(super) fn dispute(&mut self, id: &str, event: &str, payload: &Value, said: &str) {
        use Dispute::{Closed, Collected, Decided, Open};
        let next = match (event, self.disputes.get(id)) {
            ("opened", None) => Open,
            ("facts_collected", Some(Open | Collected)) => Collected,
            ("decided", Some(Collected)) => Decided,
            ("closed", Some(Decided)) => Closed,
            // What the bank opened it closes, however far anybody has come.
            ("closed", Some(Open | Collected)) if payload["won"].is_boolean() => Closed,
            (event, stands) => panic!("{event} came when the dispute was {stands:?}: {said}"),
        };
        if event == "decided" {
            let amount = cents(payload, "amount_cents");
            let parts = payload["refunds"].as_array().map(Vec::as_slice).unwrap_or_default();
            let sum: i64 = parts.iter().map(|part| cents(part, "amount_cents")).sum();
            let is_refund = ["partial_refund", "full_refund"].contains(&&*text(payload, "ruling"));
            assert_eq!(sum, if is_refund { amount } else { 0 }, "{said}");
            if is_refund {
                let left = cents(payload, "base_cents") - cents(payload, "before_cents");
                assert!(amount > 0 && amount <= left, "{amount} of {left} go back: {said}");
            }
        }
        self.disputes.insert(id.to_owned(), next);
    }

    pub(super) fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for bill in self.bills.values().filter(|bill| bill.is_issued && bill.gone.is_none()) {
            let (due, tax) = (bill.total - bill.credited, bill.tax - bill.credited_tax);
            sums.owed += due - bill.net();
            sums.earned += due - tax;
            sums.tax += tax;
            let early = bill.paid.iter().filter(|one| one.is_deposit || one.by_card);
            sums.from_deposits += early.map(|one| one.cents - one.back).sum::<i64>();
        }
        sums
    }

    /// Holds what people are shown against it.
    pub(super) async fn check(&self, db: &mut PgConnection, org: Uuid, said: &str) {
        let rows: Vec<(Uuid, String, i64, i64)> = sqlx::query_as(
            "select invoice_id, status, total_cents, balance_cents from read.invoice_list where org_id = $1",
        )
        .bind(org)
        .fetch_all(&mut *db)
        .await
        .unwrap();
        assert_eq!(rows.len(), self.bills.len(), "{said}");
        let mut shown = 0;
        for (id, status, total, balance) in rows {
            let bill = &self.bills[&id.to_string()];
            let expected = (bill.status(), bill.total, bill.balance());
            assert_eq!((status.as_str(), total, balance), expected, "{id} {bill:?}: {said}");
            shown += balance;
        }
        let sum = |of: fn(&Bill) -> i64| self.bills.values().map(of).sum::<i64>();
        assert_eq!(shown, sum(Bill::balance), "{said}");
        // Who has numbers, visits and deposits: what counts, and nothing else.
        let held: Vec<(String, String, String)> = sqlx::query_as(
            "select scope, value, aggregate_id from claims
             where org_id = $1 and scope in ('invoice.number', 'invoice.visit', 'invoice.deposit')",
        )
        .bind(org)
        .fetch_all(&mut *db)
        .await
        .unwrap();
        let of = |scope: &str| held.iter().filter(|one| one.0 == scope).count();
        assert_eq!(of("invoice.number"), self.bills.len(), "{said}");
        let counting = || self.bills.values().filter(|bill| bill.gone.is_none());
        let visits: HashSet<&String> = counting().filter_map(|bill| bill.order.as_ref()).collect();
        assert_eq!(of("invoice.visit"), visits.len(), "{said}");
        let deposits = counting().flat_map(|bill| &bill.paid).filter(|one| one.is_deposit).count();
        assert_eq!(of("invoice.deposit"), deposits, "{said}");
    }
}

impl Bill {
    fn happened(&mut self, event: &str, payload: &Value, said: &str) {
        let counts = self.gone.is_none();
        match event {
            "draft_edited" => {
                assert!(counts && !self.is_issued, "{said}");
                (self.total, self.tax) = total(&payload["lines"]);
            }
            "issued" => {
                assert!(counts && !self.is_issued, "issued twice: {said}");
                (self.is_issued, self.late_at) = (true, instant(&payload["overdue_at"]));
            }
            "payment_applied" | "deposit_credited" => {
                let own = (text(payload, "payment_id"), cents(payload, "amount_cents"));
                assert!(counts && own.1 > 0, "{said}");
                assert!(self.paid.iter().all(|one| one.id != own.0), "paid twice: {said}");
                let is_deposit = event == "deposit_credited";
                let by_card = payload["provider"] == "stripe";
                self.paid.push(Paid { id: own.0, cents: own.1, back: 0, is_deposit, by_card });
            }
            "deposit_released" => {
                let own = text(payload, "payment_id");
                self.paid.retain(|one| one.id != own);
            }
            "payment_refunded" => {
                let own = text(payload, "payment_id");
                let one = self.paid.iter_mut().find(|one| one.id == own).unwrap();
                one.back += cents(payload, "amount_cents");
                assert!(one.back <= one.cents, "more went back than came in: {said}");
                // It was paid when its day came, and is not any more.
                let at = instant(&payload["at"]);
                self.is_late |= self.late_at.is_some() && self.late_at <= at;
            }
            "became_overdue" => self.is_late = true,
            "credited" => {
                self.credited += cents(payload, "amount_cents");
                self.credited_tax += cents(payload, "tax_cents");
                assert!(counts && self.is_issued && self.credited <= self.total, "{said}");
            }
            "voided" => {
                let own: i64 = self.paid.iter().map(|one| one.cents - one.back).sum();
                assert!(counts && own == 0, "void with {own} paid: {said}");
                self.gone = Some("VOID");
            }
            "discarded" => {
                assert!(counts && !self.is_issued, "{said}");
                self.gone = Some("DISCARDED");
            }
            "link_minted" | "link_revoked" | "mailed" | "reminder_postponed" => {}
            other => panic!("nobody knows what {other} means: {said}"),
        }
    }
}
