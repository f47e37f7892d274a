//! What must hold of the books after everything that is asked: what is booked balances, entry by entry; it is what stands in the
//! ledger, line by line; and every account is what a sum of the events' own amounts makes of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use cqrs_es::Aggregate;
use domain::finance::expense::Expense;
use domain::finance::instalment::TaxInstalment;
use domain::finance::ledger::{self, InvoiceBook, PaymentBook, Posted};
use domain::finance::period::AccountingPeriod;
use domain::invoicing::invoice::Invoice;
use domain::payments::payment::Payment;
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent};
use domain::settings::org::OrgSettings;
use domain::settings::zone;
use projections::history::log;
use serde_json::Value;
use sqlx::PgConnection;

use super::money::{Money, cents};
use crate::harness::App;

/// Position, day, account, left and right.
type Line = (i64, NaiveDate, String, i64, i64);

/// Everything that is known of the books of an organisation.
pub(super) struct Books {
    position: i64,
    rules: ledger::Books,
    invoices: HashMap<String, InvoiceBook>,
    cards: HashMap<String, PaymentBook>,
    /// By account, left less right, as it was booked.
    booked: BTreeMap<String, i64>,
    seen: Seen,
}

/// Sums of what events say, whatever is booked for it.
#[derive(Debug, Default)]
struct Seen {
    /// Came in by hand, less what went out.
    cash: i64,
    /// Of it, from customers.
    received: i64,
    /// What came in before the visit or by card, less what went back of that.
    deposits: i64,
    /// Of deposits that somebody took.
    deposit_ids: HashSet<String>,
    card_ids: HashSet<String>,
    /// At the provider.
    clearing: i64,
    /// With the bank, by dispute, and in all.
    disputes: HashMap<String, i64>,
    disputed: i64,
    lost: i64,
    spent: i64,
    spent_tax: i64,
    to_be_paid: i64,
    tax_paid: i64,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            position: 0,
            rules: ledger::Books::of(zone::DEFAULT.name().to_owned()),
            invoices: HashMap::new(),
            cards: HashMap::new(),
            booked: BTreeMap::new(),
            seen: Seen::default(),
        }
    }
}

impl Books {
    /// Reads on where it stood, and holds what is stored and the sums of events against it.
    pub(super) async fn check(
        &mut self,
        db: &mut PgConnection,
        app: &App,
        money: &Money,
        said: &str,
    ) {
        let (org, before) = (app.orgs[0].id, self.position);
        let mut lines = Vec::<Line>::new();
        loop {
            let page = log::page(db, org, self.position, log::PAGE).await.unwrap();
            for event in &page {
                self.position = event.position;
                self.seen.happened(event);
                lines.extend(self.book(event, said));
            }
            if page.is_empty() {
                break;
            }
        }
        let stored: Vec<Line> = sqlx::query_as(
            "select position, day, account, debit_cents, credit_cents from read.ledger_entry
             where org_id = $1 and position > $2 order by position, line",
        )
        .bind(org.as_uuid())
        .bind(before)
        .fetch_all(&mut *db)
        .await
        .unwrap();
        assert_eq!(stored, lines, "{said}");
        let booked: BTreeMap<&str, i64> = self.booked();
        assert_eq!(booked, self.seen.accounts(money), "{said}: {:?}", self.seen);
        assert_eq!(booked.values().sum::<i64>(), 0, "{said}");
        self.shown(db, app, said).await;
    }

    fn booked(&self) -> BTreeMap<&str, i64> {
        let all = self.booked.iter().filter(|(_, cents)| **cents != 0);
        all.map(|(account, cents)| (account.as_str(), *cents)).collect()
    }

    /// What the rules of the business make of an event.
    fn book(&mut self, event: &Recorded, said: &str) -> Vec<Line> {
        let posted = self.posted(event);
        let mut lines = Vec::new();
        for entry in posted.entries {
            assert!(entry.balances(), "{entry:?}: {said}");
            for line in entry.lines {
                let account = line.account.to_string();
                let own = self.booked.entry(account.clone()).or_default();
                *own += line.debit_cents - line.credit_cents;
                let (left, right) = (line.debit_cents, line.credit_cents);
                lines.push((event.position, entry.day, account, left, right));
            }
        }
        lines
    }

    fn posted(&mut self, event: &Recorded) -> Posted {
        match event.aggregate_type.as_str() {
            Invoice::TYPE => {
                let happened = event.of::<Invoice>().unwrap().unwrap();
                let book = self.invoices.entry(event.aggregate_id.clone());
                let book = book.or_insert_with(|| InvoiceBook::of(&happened).unwrap());
                book.post(&self.rules, &happened, |id| self.cards.contains_key(id))
            }
            Booking::TYPE => match event.of::<Booking>().unwrap().unwrap() {
                BookingEvent::DepositPaid { payment_id, amount_cents, at, .. } => {
                    if self.cards.contains_key(&payment_id) {
                        return Posted::default();
                    }
                    ledger::deposit_by_hand(&self.rules, amount_cents, at)
                }
                BookingEvent::DepositReturned(it) => {
                    let when = (it.returned_at, it.at);
                    ledger::deposit_given_back(&self.rules, it.amount_cents, when)
                }
                _ => Posted::default(),
            },
            Expense::TYPE => ledger::expense(&self.rules, &event.of::<Expense>().unwrap().unwrap()),
            TaxInstalment::TYPE => {
                ledger::instalment(&self.rules, &event.of::<TaxInstalment>().unwrap().unwrap())
            }
            AccountingPeriod::TYPE => {
                self.rules.period(&event.of::<AccountingPeriod>().unwrap().unwrap());
                Posted::default()
            }
            OrgSettings::TYPE => {
                self.rules.settings(event.of::<OrgSettings>().unwrap().unwrap());
                Posted::default()
            }
            Payment::TYPE => {
                let happened = event.of::<Payment>().unwrap().unwrap();
                let book = self.cards.entry(event.aggregate_id.clone());
                let book = book.or_insert_with(|| PaymentBook::of(&happened).unwrap());
                book.post(&self.rules, &happened)
            }
            _ => Posted::default(),
        }
    }

    /// Every organisation is in balance, and what people are shown of invoices and payments is what the ledger says.
    async fn shown(&self, db: &mut PgConnection, app: &App, said: &str) {
        let uneven: Vec<(uuid::Uuid, i64)> = sqlx::query_as(
            "select org_id, position from read.ledger_entry group by org_id, position, entry, currency
             having sum(debit_cents) <> sum(credit_cents)",
        )
        .fetch_all(&mut *db)
        .await
        .unwrap();
        assert_eq!(uneven, [], "{said}");
        for org in &app.orgs {
            let (owed, left, received, paid): (i64, i64, i64, i64) = sqlx::query_as(
                "select (select coalesce(sum(greatest(net, 0)), 0)::bigint from
                            (select sum(debit_cents - credit_cents) as net from read.ledger_entry
                             where org_id = $1 and account = 'receivable' group by invoice_id) i),
                        (select coalesce(sum(balance_cents), 0)::bigint from read.invoice_list
                         where org_id = $1 and status not in ('DRAFT', 'VOID', 'DISCARDED')),
                        (select coalesce(sum(debit_cents - credit_cents), 0)::bigint from read.ledger_entry
                         where org_id = $1 and account in ('cash', 'stripe_clearing', 'disputed_funds', 'dispute_losses')
                           and source_type in ('invoice', 'payment', 'booking')),
                        (select coalesce(sum(amount_cents - refunded_cents), 0)::bigint from read.payment_facts
                         where org_id = $1 and received_at is not null)",
            )
            .bind(org.id.as_uuid())
            .fetch_one(&mut *db)
            .await
            .unwrap();
            assert_eq!(owed, left, "what is owed, and what is left of invoices: {said}");
            assert_eq!(received, paid, "what came in, and what payments come to: {said}");
            if org.id == app.orgs[0].id {
                assert_eq!(received, self.seen.received, "{said}");
            }
        }
    }
}

impl Seen {
    fn happened(&mut self, event: &Recorded) {
        let payload: Value = serde_json::from_str(&event.payload).unwrap();
        match (event.aggregate_type.as_str(), event.event_type.as_str()) {
            (Payment::TYPE, _) => self.by_card(event, &payload),
            // What came by card was counted when Stripe told of it, and so is what goes back.
            (Invoice::TYPE, "payment_applied" | "payment_refunded")
            | (Booking::TYPE, "deposit_paid")
                if self.card_ids.contains(payload["payment_id"].as_str().unwrap()) => {}
            (Invoice::TYPE, "payment_applied") => {
                self.customers_paid(cents(&payload, "amount_cents"));
            }
            (Invoice::TYPE, "payment_refunded") => {
                let amount = cents(&payload, "amount_cents");
                self.customers_paid(-amount);
                if self.deposit_ids.contains(payload["payment_id"].as_str().unwrap()) {
                    self.deposits -= amount;
                }
            }
            (Booking::TYPE, "deposit_paid") => {
                let amount = cents(&payload, "amount_cents");
                self.customers_paid(amount);
                self.deposits += amount;
                self.deposit_ids.insert(payload["payment_id"].as_str().unwrap().to_owned());
            }
            (Booking::TYPE, "deposit_returned") => {
                let amount = cents(&payload, "amount_cents");
                self.customers_paid(-amount);
                self.deposits -= amount;
            }
            (Expense::TYPE, _) => {
                self.spent(&payload["before"], -1);
                self.spent(&payload["terms"], 1);
            }
            (TaxInstalment::TYPE, "paid") => {
                self.office_got(cents(&payload, "amount_cents"));
            }
            (TaxInstalment::TYPE, "payment_withdrawn") => {
                self.office_got(-cents(&payload, "amount_cents"));
            }
            _ => {}
        }
    }

    fn by_card(&mut self, event: &Recorded, payload: &Value) {
        self.card_ids.insert(event.aggregate_id.clone());
        let dispute = || payload["dispute"].as_str().unwrap().to_owned();
        match event.event_type.as_str() {
            "succeeded" | "refunded" => {
                let amount = cents(payload, "amount_cents");
                let amount = if event.event_type == "refunded" { -amount } else { amount };
                self.clearing += amount;
                self.deposits += amount;
                self.received += amount;
            }
            "disputed" => {
                let amount = cents(payload, "amount_cents");
                self.clearing -= amount;
                self.disputed += amount;
                assert!(self.disputes.insert(dispute(), amount).is_none(), "disputed twice");
            }
            "dispute_closed" => {
                let amount = self.disputes.remove(&dispute()).unwrap();
                self.disputed -= amount;
                let to = if payload["won"] == true { &mut self.clearing } else { &mut self.lost };
                *to += amount;
            }
            _ => {}
        }
    }

    fn customers_paid(&mut self, cents: i64) {
        self.cash += cents;
        self.received += cents;
    }

    fn office_got(&mut self, cents: i64) {
        self.cash -= cents;
        self.tax_paid += cents;
    }

    fn spent(&mut self, terms: &Value, times: i64) {
        if terms.is_null() {
            return;
        }
        let (net, tax) = (cents(terms, "amount_cents"), cents(terms, "tax_cents"));
        self.spent += times * net;
        self.spent_tax += times * tax;
        if terms["payment_method"].is_string() {
            self.cash -= times * (net + tax);
        } else {
            self.to_be_paid += times * (net + tax);
        }
    }

    /// What must stand on every account, left less right; nothing is left out.
    fn accounts(&self, money: &Money) -> BTreeMap<&'static str, i64> {
        let bills = money.sums();
        let all = [
            ("cash", self.cash),
            ("receivable", bills.owed),
            ("tax_recoverable", self.spent_tax),
            ("stripe_clearing", self.clearing),
            ("disputed_funds", self.disputed),
            ("dispute_losses", self.lost),
            ("customer_deposits", bills.from_deposits - self.deposits),
            ("tax_payable", self.tax_paid - bills.tax),
            ("accounts_payable", -self.to_be_paid),
            ("revenue", -bills.earned),
            ("expense", self.spent),
        ];
        all.into_iter().filter(|(_, cents)| *cents != 0).collect()
    }
}
