//! What events make of the list.

use std::collections::HashMap;

use domain::invoicing::invoice::lines::Line;
use domain::invoicing::invoice::number::InvoiceNumber;
use domain::invoicing::invoice::payment::{Method, Provider};
use domain::invoicing::invoice::status::Status;
use domain::invoicing::invoice::{Drafted, Invoice, InvoiceEvent};
use domain::personal::{PLACEHOLDER, Personal};
use domain::recorded::Recorded;
use domain::seal::SubjectKeys;
use domain::settings::org::Currency;

use super::fold::List;
use crate::fixture::{LEAD, at, erased, keys, logged, recorded, submitted};

fn invoice() -> Vec<InvoiceEvent> {
    let line = Line {
        description: Personal::of(LEAD.into(), "for Zoë".to_owned()),
        qty: 1,
        unit_price_cents: 10_000,
        tax_ppm: Some(50_000),
    };
    let drafted = Drafted {
        invoice_id: LEAD.into(),
        number: InvoiceNumber { year: 1970, count: 1 },
        order: None,
        additional: false,
        visit_cancelled: false,
        client: None,
        lead: Some(LEAD.into()),
        subject: LEAD.into(),
        lines: vec![line],
        issue_date: "1970-01-01".parse().unwrap(),
        due_date: None,
        currency: Currency::Cad,
        notes: None,
        by: None,
        at: at(2),
    };
    let paid = InvoiceEvent::PaymentApplied {
        payment_id: "1".to_owned(),
        provider: Provider::Manual,
        method: Method::Cash,
        reference: None,
        amount_cents: 10_500,
        received_at: at(4),
        at: at(4),
    };
    let issued = InvoiceEvent::Issued { overdue_at: None, at: at(3) };
    vec![InvoiceEvent::Drafted(Box::new(drafted)), issued, paid]
}

fn log() -> Vec<Recorded> {
    let mut log = logged(&[submitted()]);
    let numbered = (1..).zip(invoice());
    log.extend(numbered.map(|(n, event)| recorded::<Invoice>(1 + i64::from(n), n, LEAD, &event)));
    log
}

fn folded(log: &[Recorded], keys: &SubjectKeys) -> List {
    let mut list = List { rows: HashMap::new(), customers: HashMap::new() };
    assert_eq!(list.fold(&log.iter().collect::<Vec<_>>(), keys), []);
    list
}

#[test]
fn the_row_is_what_the_aggregate_folds_with_the_name_of_who_pays() {
    let row = &folded(&log(), &keys()).rows[&LEAD];
    let details = row.state.details().unwrap();
    assert_eq!((details.status, details.balance_cents(), row.version), (Status::Paid, 0, 3));
    let search = row.search(details);
    assert!(search.contains("inv-1970-000001") && search.contains("zoë"), "{search}");
    let state = serde_json::to_string(&row.state).unwrap();
    assert!(state.contains("$sealed") && !state.contains("Zoë"), "{state}");
}

#[test]
fn erasing_the_customer_leaves_what_a_rebuild_makes() {
    let mut live = log();
    live.push(erased(9));
    let (live, rebuilt) = (folded(&live, &keys()), folded(&live, &SubjectKeys::new()));
    assert_eq!(live.rows, rebuilt.rows);
    assert_eq!(live.rows[&LEAD].shown.name, PLACEHOLDER);
    assert_eq!(live.rows[&LEAD].shown.address, None);
}

#[test]
fn an_invoice_that_was_never_drafted_is_parked() {
    let mut list = List { rows: HashMap::new(), customers: HashMap::new() };
    let log = log();
    let poison = list.fold(&[&log[2]], &keys());
    assert_eq!(poison[0].reason, "the invoice was never drafted");
}
