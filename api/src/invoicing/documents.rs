//! Invoices, receipts and agreements as PDF, made of what the list knows.
//!
//! A sheet is kept for as long as it says the same: another version of the invoice, another name of who pays, or their erasure
//! make another sheet.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::payment::Applied;
use domain::invoicing::invoice::status::Status;
use domain::invoicing::invoice::{Details, InvoiceError};
use domain::personal::{PLACEHOLDER, Personal};
use domain::settings::org::{Legal, OrgSettings};
use moka::sync::Cache;
use pdf::Block;
use projections::Projection;
use projections::invoicing::invoice_list::{Detail, InvoiceList};
use ring::digest::{SHA256, digest};
use utoipa_axum::routes;

use super::detail::listed;
use super::{VIEW, invoices, settings};
use crate::caller::Caller;
use crate::extract::Path;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

/// A few megabytes of sheets.
const KEPT: u64 = 500;

/// Nobody who was erased stays in memory for longer.
const FOR: Duration = Duration::from_mins(5);

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(invoice_pdf), invoices(VIEW))
}

/// Sheets by a digest of everything on them.
pub(crate) struct Sheets(Cache<[u8; 32], Bytes>);

impl Default for Sheets {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(KEPT).time_to_live(FOR).build())
    }
}

/// What is on paper.
pub(super) enum Paper<'a> {
    Invoice,
    Receipt(&'a Applied),
    Agreement,
}

/// One invoice as PDF
#[utoipa::path(
    get,
    path = "/v1/admin/invoices/{invoice_id}/pdf",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    responses(
        (status = 200, description = "As customers get it", content_type = "application/pdf"),
        (status = 400, description = "`invoice.void`")
    )
)]
async fn invoice_pdf(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<InvoiceId>,
) -> Result<Response, Problem> {
    let org = caller.org();
    fresh.reach(&app, org, &[InvoiceList::NAME]).await?;
    let found = listed(&app, org, id).await?;
    if matches!(found.invoice.status, Status::Void | Status::Discarded) {
        return Err(Problem::refused(&InvoiceError::Void));
    }
    sheet(&app, org, &found, Paper::Invoice).await
}

/// A sheet about an invoice.
pub(super) async fn sheet(
    app: &Arc<App>,
    org: OrgId,
    found: &Detail,
    paper: Paper<'_>,
) -> Result<Response, Problem> {
    let settings = settings(app, org).await?;
    let organisation = app.organisations.registered(&app.reads, org).await?;
    let number = found.invoice.number.to_string();
    let (name, title) = match &paper {
        Paper::Invoice => (number.clone(), format!("Invoice {number}")),
        Paper::Receipt(_) => (format!("{number}-receipt"), format!("Receipt for {number}")),
        Paper::Agreement => {
            (format!("{number}-agreement"), format!("Service agreement for {number}"))
        }
    };
    let mut blocks = head(&title, &organisation.name, &settings, found);
    match paper {
        Paper::Invoice => charged(&found.invoice, &mut blocks),
        Paper::Receipt(payment) => paid(&found.invoice, payment, &mut blocks),
        Paper::Agreement => agreed(&found.invoice, &organisation.name, &mut blocks),
    }
    let bytes = rendered(app, title, blocks).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}.pdf\"")),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

async fn rendered(app: &Arc<App>, title: String, blocks: Vec<Block>) -> Result<Bytes, Problem> {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, format!("{title}\n{blocks:?}").as_bytes()).as_ref());
    if let Some(known) = app.sheets.0.get(&key) {
        return Ok(known);
    }
    // Drawing takes longer than others should wait for.
    let drawn = tokio::task::spawn_blocking(move || pdf::render(&title, &blocks)).await;
    let drawn = drawn.map_err(|error| Problem::internal(&error))?;
    let bytes = Bytes::from(drawn.map_err(|error| Problem::internal(&error))?);
    app.sheets.0.insert(key, bytes.clone());
    Ok(bytes)
}

/// From whom and for whom.
fn head(title: &str, organisation: &str, settings: &OrgSettings, found: &Detail) -> Vec<Block> {
    let legal = |line: Legal| settings.legal.get(&line).cloned();
    let pair = |name: &str, said: Option<String>| Some(Block::Pair(name.to_owned(), said?));
    let (invoice, customer) = (&found.invoice, &found.customer);
    let name = legal(Legal::Name).unwrap_or_else(|| organisation.to_owned());
    let gst = legal(Legal::GstHst).or_else(|| legal(Legal::Bn));
    let address = [legal(Legal::Address), legal(Legal::Phone), legal(Legal::Email)];
    let address: Vec<String> = address.into_iter().flatten().collect();
    let known = customer.name != PLACEHOLDER;
    let lines = [
        Some(Block::Title(title.to_owned())),
        Some(Block::Gap),
        pair("From", Some(name)),
        pair("", Some(address.join(", ")).filter(|text| !text.is_empty())),
        pair("GST/HST", gst),
        Some(Block::Gap),
        pair("For", Some(customer.name.clone())),
        pair("", customer.address.clone().filter(|_| known)),
        pair("", customer.email.clone().filter(|_| known)),
        Some(Block::Gap),
        pair("Date of issue", Some(invoice.issue_date.to_string())),
        pair("Due", invoice.due_date.map(|due| due.to_string())),
        Some(Block::Gap),
    ];
    lines.into_iter().flatten().collect()
}

fn row(cells: [&str; 4]) -> [String; 4] {
    cells.map(str::to_owned)
}

fn sum(name: &str, cents: i64) -> [String; 4] {
    row([name, "", "", &amount(cents)])
}

fn open(words: &Personal<String>) -> String {
    words.open().cloned().unwrap_or_else(|| PLACEHOLDER.to_owned())
}

fn charged(invoice: &Details, blocks: &mut Vec<Block>) {
    let currency: &str = invoice.currency.into();
    blocks.push(Block::Sum(row(["What", "Quantity", "Price", currency])));
    blocks.push(Block::Rule);
    for line in &invoice.lines {
        let cells = [
            open(&line.description),
            line.qty.to_string(),
            amount(line.unit_price_cents),
            amount(line.net_cents()),
        ];
        blocks.push(Block::Row(cells));
    }
    blocks.push(Block::Rule);
    blocks.push(Block::Row(sum("Subtotal", invoice.totals.subtotal_cents)));
    blocks.push(Block::Row(sum("Tax", invoice.totals.tax_cents)));
    blocks.push(Block::Sum(sum("Total", invoice.totals.total_cents())));
    for credit in &invoice.credits {
        blocks.push(Block::Row(sum("Credit", -credit.amount_cents)));
    }
    for payment in &invoice.payments {
        let name = if payment.is_deposit() { "Deposit" } else { "Payment" };
        let day = payment.received_at.date_naive();
        blocks.push(Block::Row(sum(&format!("{name} of {day}"), -payment.net_cents())));
    }
    blocks.push(Block::Sum(sum("To pay", invoice.balance_cents())));
    if let Some(notes) = &invoice.notes {
        blocks.push(Block::Gap);
        blocks.push(Block::Text(open(notes)));
    }
}

fn paid(invoice: &Details, payment: &Applied, blocks: &mut Vec<Block>) {
    let method: &str = payment.method.into();
    let received = payment.received_at.format("%Y-%m-%d %H:%M UTC").to_string();
    blocks.push(Block::Pair("Received".to_owned(), received));
    blocks.push(Block::Pair("By".to_owned(), method.to_owned()));
    if let Some(reference) = &payment.reference {
        blocks.push(Block::Pair("Reference".to_owned(), open(reference)));
    }
    blocks.push(Block::Gap);
    blocks.push(Block::Rule);
    blocks.push(Block::Row(sum("Paid", payment.amount_cents)));
    if payment.refunded_cents > 0 {
        blocks.push(Block::Row(sum("Paid back", -payment.refunded_cents)));
    }
    let currency: &str = invoice.currency.into();
    blocks.push(Block::Sum(sum(&format!("Received in {currency}"), payment.net_cents())));
    blocks.push(Block::Row(sum("Left to pay", invoice.balance_cents())));
}

fn agreed(invoice: &Details, organisation: &str, blocks: &mut Vec<Block>) {
    blocks.push(Block::Text(format!(
        "{organisation} carries out the services below, and the customer pays for them until the day on which the invoice is due."
    )));
    blocks.push(Block::Gap);
    blocks.push(Block::Heading("Services".to_owned()));
    for line in &invoice.lines {
        let cells = [
            open(&line.description),
            line.qty.to_string(),
            String::new(),
            amount(line.net_cents()),
        ];
        blocks.push(Block::Row(cells));
    }
    blocks.push(Block::Rule);
    blocks.push(Block::Sum(sum("Total with tax", invoice.totals.total_cents())));
    blocks.push(Block::Gap);
    blocks.push(Block::Heading("Terms".to_owned()));
    blocks.push(Block::Text(
        "Moving or cancelling a visit follows the terms that were agreed on when it was booked. What was paid in advance counts for \
         the invoice. Damage is reported within two days of the visit."
            .to_owned(),
    ));
}

fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}
