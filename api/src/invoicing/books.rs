//! Invoices for whoever keeps the books: tables for accountants, the tax that was charged, and whether everything agrees.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Permission;
use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::status::Status;
use domain::invoicing::invoice::{Details, view};
use domain::settings::feature::Feature;
use domain::settings::zone as clocks;
use projections::finance::ledger::{self, Charged, Ledger};
use projections::invoicing::invoice_list::{self, Filter, InvoiceList, Item, PAGE, Sheet, Span};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{RECORD, known, settings};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::scheduling::instants;
use crate::state::{App, AppState};
use crate::table::{self, Pages};

const VIEW: &[Permission] = &[Permission::FinanceView];

/// What counts: neither drafts nor what does not count any more.
const COUNTING: [Status; 4] = [Status::Sent, Status::Paid, Status::Partial, Status::Overdue];

pub(super) fn routes() -> Routes {
    let view = staff(VIEW).feature(Feature::Finance);
    let record = staff(RECORD).feature(Feature::Finance);
    Routes::default()
        .add(routes!(accounting), view.leaves("accounting.export"))
        .add(routes!(sales_ledger), view.leaves("ledger.export"))
        .add(routes!(payments), view.leaves("payment.export"))
        .add(routes!(gst_report), view)
        .add(routes!(reconcile), view)
        .add(routes!(reconcile_one), record.action("finance.reconcile"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SheetQuery {
    /// First date of issue.
    from: Option<NaiveDate>,
    /// Last date of issue.
    to: Option<NaiveDate>,
    /// One or more, with commas between them; `SENT`, `PAID`, `PARTIAL` and `OVERDUE`, if left out.
    status: Option<String>,
}

impl SheetQuery {
    fn filter(&self) -> Result<Filter, Problem> {
        in_order(self.from, self.to)?;
        let named = self.status.as_deref().into_iter().flat_map(|all| all.split(','));
        let named: Result<Vec<Status>, _> = named.map(|one| one.trim().parse()).collect();
        let unknown = |_| Problem::field("status", "Input should be statuses of invoices");
        let mut status = named.map_err(unknown)?;
        if status.is_empty() {
            status = COUNTING.to_vec();
        }
        Ok(Filter { status, from: self.from, to: self.to, ..Filter::default() })
    }
}

fn in_order(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<(), Problem> {
    for (field, day) in [("from", from), ("to", to)] {
        day.map(|day| instants::near(field, day)).transpose()?;
    }
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(Problem::field("to", "Input should not be before from"));
    }
    Ok(())
}

/// One of these pages.
pub(super) async fn page(
    app: &App,
    org: OrgId,
    filter: &Filter,
    after: Option<(DateTime<Utc>, Uuid)>,
) -> Result<Vec<Item>, sqlx::Error> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    let mut items = invoice_list::page(&mut tx, org, filter, (after, 0), PAGE).await?;
    if let Some(span) = filter.paid {
        for Item { invoice, .. } in &mut items {
            invoice.payments.retain(|one| span.has(one.received_at));
        }
    }
    Ok(items)
}

/// All that match, page by page, the newest first.
pub(super) fn all() -> Pages<Item, (DateTime<Utc>, Uuid)> {
    Pages { start: None, key: place, size: PAGE }
}

/// Where an invoice stands among the others.
fn place(item: &Item) -> (DateTime<Utc>, Uuid) {
    (item.invoice.created_at, item.invoice.invoice_id.as_uuid())
}

/// The whole table, page by page, however long it is.
async fn table(
    app: AppState,
    caller: Caller,
    fresh: Freshness,
    (filter, sheet, name): (Filter, Sheet, &str),
) -> Result<Response, Problem> {
    let org = caller.org();
    fresh.reach(&app, org, &[InvoiceList::NAME]).await?;
    let read = move |after| {
        let (app, filter) = (AppState::clone(&app), filter.clone());
        async move { page(&app, org, &filter, after).await }
    };
    let lines = move |items: &[Item]| sheet.rows(items);
    table::long(name, sheet.header(), lines, all(), read).await
}

/// Invoices for an accountant, as CSV; that they were taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/exports/accounting.csv",
    tag = "invoicing",
    params(SheetQuery),
    responses((status = 200, description = "A line of names, then a line for each invoice", content_type = "text/csv"))
)]
async fn accounting(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<SheetQuery>,
) -> Result<Response, Problem> {
    table(app, caller, fresh, (asked.filter()?, Sheet::Accounting, "accounting.csv")).await
}

/// What was sold, as CSV; that it was taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/exports/sales-ledger.csv",
    tag = "invoicing",
    params(SheetQuery),
    responses((status = 200, description = "A line of names, then a line for each invoice", content_type = "text/csv"))
)]
async fn sales_ledger(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<SheetQuery>,
) -> Result<Response, Problem> {
    table(app, caller, fresh, (asked.filter()?, Sheet::Ledger, "sales-ledger.csv")).await
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PaymentsQuery {
    /// First day on which money came in, on the clock of the organisation.
    from: Option<NaiveDate>,
    /// Last day on which money came in.
    to: Option<NaiveDate>,
    /// One or more, with commas between them; `SENT`, `PAID`, `PARTIAL` and `OVERDUE`, if left out.
    status: Option<String>,
}

/// Payments of invoices, as CSV; that they were taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/exports/payments.csv",
    tag = "invoicing",
    params(PaymentsQuery),
    responses((status = 200, description = "A line of names, then a line for each payment that came in on one of the days", content_type = "text/csv"))
)]
async fn payments(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<PaymentsQuery>,
) -> Result<Response, Problem> {
    let PaymentsQuery { from, to, status } = asked;
    in_order(from, to)?;
    let mut filter = SheetQuery { from: None, to: None, status }.filter()?;
    if from.or(to).is_some() {
        let zone = app.settings.of(&app, caller.org()).await?.zone;
        let start = |day| clocks::start_of(day, zone);
        let until = to.and_then(|day| day.succ_opt()).map(start);
        filter.paid = Some(Span { from: from.map(start), until });
    }
    table(app, caller, fresh, (filter, Sheet::Payments, "payments.csv")).await
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RangeQuery {
    /// First day.
    from: NaiveDate,
    /// Last day.
    to: NaiveDate,
}

/// The tax on what was charged in a time, less what was taken back in it, as the ledger has it
#[utoipa::path(
    get,
    path = "/v1/admin/reports/gst",
    tag = "invoicing",
    params(RangeQuery),
    responses((status = 200, description = "In the currency of the organisation, and that of each other one in `other_currencies`. What is credited, or does not count any more, is taken back on the day on which that was booked", content_type = "application/json", example = json!({
        "range_start": "2030-01-01", "range_end": "2030-03-31", "currency_code": "CAD", "invoice_count": 1,
        "taxable_subtotal_cents": 18000, "tax_cents": 900, "credited_tax_cents": 0, "other_currencies": []
    })))
)]
async fn gst_report(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Answer, Problem> {
    let RangeQuery { from, to } = asked;
    in_order(Some(from), Some(to))?;
    let org = caller.org();
    let currency: &str = settings(&app, org).await?.currency.into();
    let reached = fresh.reach(&app, org, &[Ledger::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let all = ledger::charged(&mut tx, org, (from, to), currency).await?;
    drop(tx);
    let mut body = charged(&all.own);
    (body["range_start"], body["range_end"]) = (json!(from), json!(to));
    body["other_currencies"] = all.others.iter().map(charged).collect();
    Ok(reached.mark(Answer::json(&body)?))
}

fn charged(it: &Charged) -> Value {
    json!({
        "currency_code": it.currency, "invoice_count": it.invoices, "taxable_subtotal_cents": it.taxable_cents,
        "tax_cents": it.tax_cents, "credited_tax_cents": it.credited_tax_cents,
    })
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReconcileQuery {
    /// `mismatch` (the default) or `all`.
    status: Option<String>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100, else 50: so many invoices are looked at.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Whether something about the payments of an invoice needs a person.
fn mismatch(invoice: &Details) -> Option<&'static str> {
    (invoice.overpaid_cents() > 0).then_some("overpaid")
}

fn compared(invoice: &Details) -> Value {
    json!({
        "invoice_id": invoice.invoice_id,
        "invoice_number": invoice.number.to_string(),
        "status": invoice.status,
        "total_cents": invoice.totals.total_cents(),
        "outstanding_cents": invoice.balance_cents(),
        "overpaid_cents": invoice.overpaid_cents(),
        "succeeded_payments_count": invoice.payments.len(),
        "last_payment_at": invoice.payments.iter().map(|one| one.received_at).max(),
        "mismatch": mismatch(invoice),
        "quick_actions": [
            { "label": "open", "target": format!("/invoices/{}", invoice.invoice_id), "method": "GET" },
        ],
    })
}

/// Invoices whose payments need a person: those that were paid too much
#[utoipa::path(
    get,
    path = "/v1/admin/finance/reconcile/invoices",
    tag = "invoicing",
    params(ReconcileQuery),
    responses((status = 200, description = "Of one page of invoices; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!({
        "items": [], "total": 0
    })))
)]
async fn reconcile(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ReconcileQuery>,
) -> Result<Answer, Problem> {
    let all = match asked.status.as_deref() {
        None | Some("mismatch") => false,
        Some("all") => true,
        Some(_) => return Err(Problem::field("status", "Input should be mismatch or all")),
    };
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    let reached = fresh.reach(&app, org, &[InvoiceList::NAME]).await?;
    let filter = Filter { status: COUNTING.to_vec(), ..Filter::default() };
    let mut tx = tenant::begin(&app.reads, org).await?;
    let items = invoice_list::page(&mut tx, org, &filter, (after, 0), limit).await?;
    drop(tx);
    let next = cursor::last_of_full(&items, limit)
        .map(|last| cursor::shown(last.invoice.created_at, last.invoice.invoice_id.as_uuid()));
    let shown: Vec<Value> = items
        .iter()
        .filter(|item| all || mismatch(&item.invoice).is_some())
        .map(|item| compared(&item.invoice))
        .collect();
    let body = json!({ "total": shown.len(), "items": shown });
    Ok(reached.mark(continued(Answer::json(&body)?, next.as_deref())))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DryRun {
    /// Whether nothing is to be done; nothing ever has to be.
    dry_run: Option<bool>,
}

/// Compare what lists show of an invoice with what its events say
#[utoipa::path(
    post,
    path = "/v1/admin/finance/invoices/{invoice_id}/reconcile",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path), DryRun),
    responses((status = 200, description = "Both; they differ only while a read model is behind, and it catches up by itself", content_type = "application/json", example = json!({
        "dry_run": true, "before": {}, "after": {}, "planned_operations": []
    })))
)]
async fn reconcile_one(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
    Parameters(asked): Parameters<DryRun>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let _: Value = request.body()?;
    let org = caller.org();
    let (now, version) = known(&app, org, id).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let listed = invoice_list::find(&mut tx, &app.keys, org, id).await?;
    drop(tx);
    let short = |invoice: &Details| {
        let item = view::item(invoice);
        json!({
            "status": item["status"], "paid_cents": item["paid_cents"],
            "balance_due_cents": item["balance_due_cents"], "overpaid_cents": item["overpaid_cents"],
        })
    };
    let behind = listed.as_ref().is_none_or(|listed| listed.version != version);
    let planned: &[&str] = if behind { &["wait_for_read_model"] } else { &[] };
    Answer::json(&json!({
        "dry_run": asked.dry_run.unwrap_or(false),
        // Null of one that was written just now, which lists do not have yet.
        "before": listed.as_ref().map(|listed| short(&listed.invoice)),
        "after": short(&now),
        "planned_operations": planned,
    }))
}
