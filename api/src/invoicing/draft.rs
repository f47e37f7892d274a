//! Writing an invoice, for a visit or by hand.

use axum::extract::State;
use chrono::NaiveDate;
use commands::{Beside, CommandError, Context, Done};
use domain::customers::client::{Client, ClientError};
use domain::finance::month::Month;
use domain::id::{BookingId, ClientId, InvoiceId, LeadId, OrgId};
use domain::invoicing::invoice::lines::NewLine;
use domain::invoicing::invoice::number::{InvoiceNumber, NUMBERS, VISITS};
use domain::invoicing::invoice::payment::DEPOSITS;
use domain::invoicing::invoice::status::Status;
use domain::invoicing::invoice::{Draft, InvoiceCommand, Terms, Visit};
use domain::payments::payment::Payment;
use domain::sales::lead::{Lead, LeadError};
use domain::scheduling::booking::reason::ReasonCode;
use domain::scheduling::booking::{Details, Status as Stage};
use domain::settings::org::Currency;
use projections::finance::deposit_refunds;
use projections::invoicing::invoice_list;
use projections::tenant;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::lines::{self, Item};
use super::numbering::{self, ATTEMPTS};
use super::{EDIT, fees, invoices, known, settings, shown};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::finance::while_open;
use crate::payments::hold_refunds;
use crate::pricing::InForce;
use crate::problem::{Code, Problem, VISIT_CHANGED};
use crate::route::Routes;
use crate::scheduling::instants;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let edit = invoices(EDIT).action("invoice.create");
    Routes::default().add(routes!(invoice_order), edit).add(routes!(create_invoice), edit)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "due_date": "2030-03-18", "items": [
    { "description": "Deep clean", "qty": 1, "unit_price_cents": 18000, "tax_rate": 0.05 }
] })))]
struct OrderInvoiceBody {
    /// Today, if left out.
    issue_date: Option<NaiveDate>,
    /// As the terms of payment say, if left out.
    due_date: Option<NaiveDate>,
    /// `CAD` or `USD`; that of the organisation, if left out.
    currency: Option<String>,
    /// For the customer, up to 1000 characters.
    notes: Option<String>,
    /// 1 to 50; none where moving or cancelling the visit costs something. What is cleaned beside the visit, and that, is added
    /// by itself, to the first invoice.
    items: Vec<Item>,
    /// Whether there may be another invoice for the visit.
    #[serde(default)]
    allow_additional: bool,
}

/// Write the invoice of a visit
#[utoipa::path(
    post,
    path = "/v1/admin/orders/{order_id}/invoice",
    tag = "invoicing",
    params(("order_id" = Uuid, Path)),
    request_body = OrderInvoiceBody,
    responses(
        (status = 201, description = "The draft, with its number", content_type = "application/json"),
        (status = 400, description = "`invoice.price_adjust_reason_required`"),
        (status = 409, description = "`invoice.already_invoiced`; `invoice_id` is that of the other invoice")
    )
)]
async fn invoice_order(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: OrderInvoiceBody = request.body()?;
    let org = caller.org();
    // Whether there is such a visit comes before what is asked of it.
    crate::scheduling::known(&app, org, id).await?;
    let holds = app.prices.of(&app, org).await?;
    let asked = Asked {
        issue_date: body.issue_date,
        due_date: body.due_date,
        currency: body.currency,
        notes: body.notes,
        items: body.items,
    };
    let (terms, currency) = asked.read(&app, org, &holds).await?;
    let context = request.context(&caller);
    let by = caller.id().to_string();
    let asked = (terms, currency, body.allow_additional);
    Ok(Answer::done(&of_visit(&app, &context, (id, by, &holds), asked).await?).created())
}

/// Writes the invoice of a visit as it is by then.
async fn of_visit(
    app: &App,
    context: &Context,
    (id, by, holds): (BookingId, String, &InForce),
    (terms, currency, allow_additional): (Terms, Currency, bool),
) -> Result<Done, Problem> {
    for _ in 0..ATTEMPTS {
        let (booking, version) = crate::scheduling::known_at(app, context.org, id).await?;
        let mut context = context.clone();
        // A deposit, an extra or the end of the visit that comes at this moment belongs on it: then the visit is read again.
        let hold = json!({ "do": "books.hold_visit", "booking_id": id, "version": version });
        let (visit, holds_of_deposits) =
            visit(app, context.org, (&booking, currency), allow_additional).await?;
        context.beside.extend([Beside(hold)].into_iter().chain(holds_of_deposits));
        let draft = Draft {
            invoice_id: context.request.derived_id("invoice").into(),
            number: InvoiceNumber { year: 0, count: 0 },
            order: Some(id),
            client: booking.client,
            lead: booking.lead(),
            terms: terms.clone(),
            // What is cleaned beside the visit is charged by the first.
            extras: if visit.additional { Vec::new() } else { extras(&booking, holds) },
            visit,
            currency,
            by: Some(by.clone()),
            now: app.now(),
        };
        if let Some(done) = write(app, &context, draft, allow_additional).await? {
            return Ok(done);
        }
    }
    Err(Problem::new(Code::ConcurrentChange))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "client_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "items": [
    { "description": "Lost key", "qty": 1, "unit_price_cents": 2500, "tax_rate": null }
] })))]
struct InvoiceBody {
    /// Who is to pay.
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// Who is to pay, if they only asked for an offer.
    #[schema(value_type = Option<String>)]
    lead_id: Option<LeadId>,
    /// Today, if left out.
    issue_date: Option<NaiveDate>,
    /// As the terms of payment say, if left out.
    due_date: Option<NaiveDate>,
    /// `CAD` or `USD`; that of the organisation, if left out.
    currency: Option<String>,
    /// For the customer, up to 1000 characters.
    notes: Option<String>,
    /// 1 to 50.
    items: Vec<Item>,
}

/// Write an invoice by hand
#[utoipa::path(
    post,
    path = "/v1/admin/invoices",
    tag = "invoicing",
    request_body = InvoiceBody,
    responses((status = 201, description = "The draft, with its number", content_type = "application/json"))
)]
async fn create_invoice(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: InvoiceBody = request.body()?;
    let org = caller.org();
    if let Some(client) = body.client_id {
        let found = app.bus.load::<Client>(org, &client.to_string()).await?;
        found.state.details().ok_or_else(|| Problem::refused(&ClientError::NotFound))?;
    }
    if let Some(lead) = body.lead_id {
        let found = app.bus.load::<Lead>(org, &lead.to_string()).await?;
        if found.version == 0 {
            return Err(Problem::refused(&LeadError::NotFound));
        }
    }
    let holds = app.prices.of(&app, org).await?;
    let asked = Asked {
        issue_date: body.issue_date,
        due_date: body.due_date,
        currency: body.currency,
        notes: body.notes,
        items: body.items,
    };
    let (terms, currency) = asked.read(&app, org, &holds).await?;
    let context = request.context(&caller);
    let draft = Draft {
        invoice_id: context.request.derived_id("invoice").into(),
        number: InvoiceNumber { year: 0, count: 0 },
        order: None,
        client: body.client_id,
        lead: body.lead_id,
        terms,
        extras: Vec::new(),
        visit: Visit::default(),
        currency,
        by: Some(caller.id().to_string()),
        now: app.now(),
    };
    let done = write(&app, &context, draft, false).await?;
    Ok(Answer::done(&done.ok_or_else(|| Problem::new(Code::ConcurrentChange))?).created())
}

/// What both ways have in common.
struct Asked {
    issue_date: Option<NaiveDate>,
    due_date: Option<NaiveDate>,
    currency: Option<String>,
    notes: Option<String>,
    items: Vec<Item>,
}

impl Asked {
    async fn read(
        self,
        app: &App,
        org: OrgId,
        holds: &InForce,
    ) -> Result<(Terms, Currency), Problem> {
        let currency = match self.currency.as_deref() {
            None => settings(app, org).await?.currency,
            Some(named) => named
                .parse()
                .map_err(|_| Problem::field("currency", "Input should be CAD or USD"))?,
        };
        let today = app.today(org).await?;
        let issue_date = instants::near("issue_date", self.issue_date.unwrap_or(today))?;
        let usual = holds.book.policies.payment_terms.due(issue_date);
        let due_date = self.due_date.or(usual);
        let due_date = due_date.map(|due| instants::near("due_date", due)).transpose()?;
        let lines = lines::read(self.items, holds.book.tax_ppm)?;
        Ok((Terms { lines, issue_date, due_date, notes: self.notes }, currency))
    }
}

/// A line for everything that is cleaned beside the visit, unless nobody goes there, and for what moving or cancelling it costs.
fn extras(booking: &Details, holds: &InForce) -> Vec<NewLine> {
    let tax_ppm = holds.book.usual_tax_ppm();
    let is_off = booking.status == Stage::Cancelled;
    let lines = booking.addons.iter().filter(|_| !is_off).map(|addon| {
        let named = holds.book.addons.iter().find(|one| one.addon_id.as_uuid() == addon.addon_id);
        let description = named.map_or_else(|| "Extra".to_owned(), |one| one.name.clone());
        let (qty, unit_price_cents) = (addon.qty.into(), addon.unit_price_cents);
        NewLine { description, qty, unit_price_cents, tax_ppm }
    });
    lines.chain(fees::lines(booking, tax_ppm)).collect()
}

async fn visit(
    app: &App,
    org: OrgId,
    (booking, currency): (&Details, Currency),
    allow_additional: bool,
) -> Result<(Visit, Vec<Beside>), Problem> {
    let (mut deposits, mut holds) = (Vec::new(), Vec::new());
    let is_off = booking.status == Stage::Cancelled;
    for (payment_id, came) in &booking.paid {
        let (cents, hold) = left_of(app, org, booking, (payment_id, *came)).await?;
        holds.push(hold);
        let is_free = app.bus.holder(org, DEPOSITS, payment_id).await?.is_none();
        if cents > 0 && is_free && paid_in(app, org, payment_id).await? == currency {
            deposits.push((payment_id.clone(), cents));
        }
    }
    let order = booking.requested.booking_id;
    let other = match holder(app, org, order).await? {
        None => listed(app, org, order).await?,
        holder => holder,
    };
    let has_adjustment =
        booking.reasons.iter().any(|one| matches!(one.code, ReasonCode::PriceAdjust(_)));
    let visit = Visit {
        // Another one charges something else: what was promised is charged by the first.
        promised_cents: booking.requested.base_cents().filter(|_| other.is_none() && !is_off),
        has_adjustment,
        deposits,
        invoiced_by: other.filter(|_| !allow_additional),
        additional: other.is_some(),
        cancelled: is_off,
    };
    Ok((visit, holds))
}

/// What is left of a deposit, and what holds on to that until it is written down.
pub(crate) async fn left_of(
    app: &App,
    org: OrgId,
    booking: &Details,
    (payment_id, came): (&str, i64),
) -> Result<(i64, Beside), Problem> {
    let refunded = deposit_refunds::total(&app.reads, org, payment_id).await?;
    let by_card = app.bus.load::<Payment>(org, payment_id).await?.state;
    let left = match by_card.details() {
        Some(payment) => payment.countable_cents(refunded),
        None => booking.left_of(payment_id, (came, refunded)),
    };
    Ok((left, hold_refunds(payment_id, refunded)))
}

/// In what a deposit was paid: what staff took is in the currency of the organisation.
async fn paid_in(app: &App, org: OrgId, payment_id: &str) -> Result<Currency, Problem> {
    let by_card = app.bus.load::<Payment>(org, payment_id).await?.state;
    Ok(match by_card.details() {
        Some(payment) => payment.currency,
        None => settings(app, org).await?.currency,
    })
}

/// The invoice that has the visit, as the log knows it now.
async fn holder(app: &App, org: OrgId, order: BookingId) -> Result<Option<InvoiceId>, Problem> {
    let found = app.bus.holder(org, VISITS, &order.to_string()).await?;
    Ok(found.and_then(|id| id.parse().ok()))
}

/// Invoices that were allowed beside one that is void by now stand on the list alone.
async fn listed(app: &App, org: OrgId, order: BookingId) -> Result<Option<InvoiceId>, Problem> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    let listed = invoice_list::of_order(&mut tx, org, order).await?;
    drop(tx);
    for one in listed {
        let (now, _) = known(app, org, one.invoice_id).await?;
        // The list may be behind.
        if !matches!(now.status, Status::Void | Status::Discarded) {
            return Ok(Some(one.invoice_id));
        }
    }
    Ok(None)
}

/// Writes it under the next number that nobody has. Of several that are written for a visit at once the log lets one have it.
/// `None`: the visit, or what is left of its deposits, is not as it was read.
async fn write(
    app: &App,
    context: &Context,
    mut draft: Draft,
    allow_additional: bool,
) -> Result<Option<Done>, Problem> {
    use chrono::Datelike;
    let mut context = context.clone();
    while_open(app, &mut context, [Month::of(draft.terms.issue_date)]).await?;
    let turn = app.numbering.turn(context.org);
    let _turn = turn.lock().await;
    let (year, id) = (draft.terms.issue_date.year(), draft.invoice_id);
    for _ in 0..ATTEMPTS {
        draft.number = numbering::next(&app.bus, context.org, year).await?;
        let command = InvoiceCommand::Draft(Box::new(draft.clone()));
        match app.bus.create(&context, &id.to_string(), command, shown).await {
            // Somebody was faster; the one after theirs is still there.
            Err(CommandError::ClaimTaken { scope }) if scope == NUMBERS => {}
            // A deposit counts for another invoice since a moment ago.
            Err(CommandError::ClaimTaken { scope }) if scope == DEPOSITS => return Ok(None),
            // Somebody was faster for the visit; if theirs is gone again already, it is free.
            Err(CommandError::ClaimTaken { scope }) if scope == VISITS => {
                let Some(order) = draft.order else {
                    return Err(Problem::new(Code::ConcurrentChange));
                };
                let other = holder(app, context.org, order).await?;
                draft.visit.invoiced_by = other.filter(|_| !allow_additional);
                draft.visit.additional = other.is_some();
                if draft.visit.additional {
                    draft.visit.promised_cents = None;
                    draft.extras.clear();
                }
            }
            Err(CommandError::RolledBack { code }) if code == VISIT_CHANGED => return Ok(None),
            done => return Ok(Some(done?)),
        }
    }
    Err(Problem::new(Code::ConcurrentChange))
}
