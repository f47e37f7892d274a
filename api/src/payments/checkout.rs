//! Checkouts: where a deposit or an invoice is paid by card.

use axum::extract::State;
use axum::http::HeaderMap;
use commands::{Context, RequestKey};
use domain::id::{BookingId, InvoiceId, OrgId};
use domain::invoicing::invoice::status::Status;
use domain::invoicing::invoice::{Details as Invoice, InvoiceError};
use domain::payments::payment::{New, Payment, PaymentCommand, Target};
use domain::scheduling::booking::{
    Booking, BookingCommand, BookingError, DepositStep, Details as Visit,
};
use domain::settings::org::Currency;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::stripe::{Checkout, Opened, Stripe, StripeError};
use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::customers::survivor;
use crate::extract::{Parameters, Path};
use crate::identity::{Portal, PortalCaller, at_portal};
use crate::invoicing::{opened, settings};
use crate::problem::{Code, Problem};
use crate::request::This;
use crate::route::{Key, Routes, public};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let pay = public().action("payment.checkout").key(Key::Ignored);
    Routes::default()
        .add(routes!(pay_invoice), pay)
        .add(routes!(invoice_checkout), pay)
        .add(routes!(deposit_checkout), pay)
}

impl From<StripeError> for Problem {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::LeftAlone { .. } => Self::retry(Code::PaymentsOff, 30),
            error => {
                tracing::warn!(%error, "a checkout was not opened");
                Self::new(Code::ProviderFailed)
            }
        }
    }
}

fn stripe(app: &App) -> Result<&Stripe, Problem> {
    app.stripe.as_deref().ok_or_else(|| Problem::new(Code::PaymentsOff))
}

/// Something that can be paid.
struct Wanted {
    org: OrgId,
    target: Target,
    amount_cents: i64,
    currency: Currency,
    name: String,
    /// Of the target: another state is another checkout.
    version: i32,
    pages: (String, String),
}

/// Opens a checkout, or tells of the one that is open, and takes note of it.
async fn open(app: &App, context: &Context, wanted: Wanted) -> Result<Opened, Problem> {
    let Wanted { org, target, amount_cents, currency, .. } = wanted;
    let (kind, name, id) = match target {
        Target::Invoice { invoice } => ("invoice", "invoice_id", invoice.as_uuid()),
        Target::Deposit { booking } => ("deposit", "booking_id", booking.as_uuid()),
    };
    let about = format!("checkout {kind} {} {amount_cents}", wanted.version);
    let payment_id = Uuid::new_v5(&id, about.as_bytes()).to_string();
    let metadata = [
        ("org_id", org.to_string()),
        (name, id.to_string()),
        ("kind", kind.to_owned()),
        ("command_id", payment_id.clone()),
    ];
    let currency_name = <&str>::from(currency).to_lowercase();
    let (success_url, cancel_url) = &wanted.pages;
    let checkout = Checkout {
        key: &payment_id,
        amount_cents,
        currency: &currency_name,
        name: &wanted.name,
        success_url,
        cancel_url,
        metadata: &metadata,
    };
    // Asked for before anything is written down: if this process dies now, its messages tell everything.
    let opened = stripe(app)?.open(&checkout).await?;
    let references = [Some(opened.id.clone()), opened.payment_intent.clone()];
    let new = New {
        payment_id: payment_id.clone(),
        target,
        amount_cents,
        currency,
        references: references.into_iter().flatten().collect(),
    };
    let command = PaymentCommand::Initiate { new, now: app.now() };
    let context = Context {
        request: RequestKey::of(org, "checkout", &opened.id, [0; 32]),
        ..context.clone()
    };
    app.bus.execute(&context, &payment_id, command, |_: &Payment| Value::Null).await?;
    Ok(opened)
}

fn filled(page: &str, name: &str, id: &str) -> String {
    page.replace(name, id)
}

async fn invoice(
    app: &App,
    context: &Context,
    (org, invoice, version): (OrgId, &Invoice, i32),
) -> Result<Answer, Problem> {
    let not_sent = || {
        Problem::refused(&InvoiceError::IllegalState(invoice.status))
            .detail("This invoice was not sent")
    };
    match invoice.status {
        Status::Void | Status::Discarded => {
            return Err(Problem::refused(&InvoiceError::IllegalState(invoice.status)));
        }
        Status::Draft => return Err(not_sent()),
        Status::Paid | Status::Sent | Status::Partial | Status::Overdue => {}
    }
    let amount_cents = invoice.balance_cents();
    if amount_cents == 0 {
        return Err(Problem::new(Code::NothingDue));
    }
    let [_, _, success, cancel] = &app.pages;
    let id = invoice.invoice_id.to_string();
    let wanted = Wanted {
        org,
        target: Target::Invoice { invoice: invoice.invoice_id },
        amount_cents,
        currency: invoice.currency,
        name: format!("Invoice {}", invoice.number),
        version,
        pages: (filled(success, "{INVOICE_ID}", &id), filled(cancel, "{INVOICE_ID}", &id)),
    };
    let opened = open(app, context, wanted).await?;
    let body = json!({
        "provider": "stripe", "amount_cents": amount_cents, "currency": invoice.currency,
        "checkout_url": opened.url, "client_secret": null,
    });
    Ok(Answer::json(&body)?.created())
}

/// Pay an invoice by card, for whoever has its address
#[utoipa::path(
    post,
    path = "/i/{token}/pay",
    tag = "invoicing",
    params(("token" = String, Path, description = "What stands in the address")),
    responses(
        (status = 201, description = "Where it is paid", content_type = "application/json"),
        (status = 409, description = "`invoice.illegal_state` or `nothing_due`"),
        (status = 502, description = "`payment_provider_failed`"),
        (status = 503, description = "`payments_off`")
    )
)]
async fn pay_invoice(
    State(app): State<AppState>,
    Path(token): Path<String>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let (org, found) = opened(&app, &token).await?;
    let known = crate::invoicing::known(&app, org, found.invoice.invoice_id).await?;
    invoice(&app, &request.public_context(org), (org, &known.0, known.1)).await
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct InvoiceQuery {
    #[param(value_type = String)]
    invoice_id: InvoiceId,
    /// What stands in one of its addresses; clients may come with their session instead.
    token: Option<String>,
}

/// Pay an invoice by card: one's own, or one whose address one has
#[utoipa::path(
    post,
    path = "/v1/payments/invoice/checkout",
    tag = "invoicing",
    params(InvoiceQuery),
    responses(
        (status = 201, description = "Where it is paid", content_type = "application/json"),
        (status = 401, description = "Neither a session nor an address"),
        (status = 409, description = "`invoice.illegal_state` or `nothing_due`"),
        (status = 502, description = "`payment_provider_failed`"),
        (status = 503, description = "`payments_off`")
    )
)]
async fn invoice_checkout(
    State(app): State<AppState>,
    This(info): This,
    headers: HeaderMap,
    Parameters(asked): Parameters<InvoiceQuery>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let none = || Problem::refused(&InvoiceError::NotFound);
    let Some(token) = &asked.token else {
        let (caller, _) = at_portal(&app, Portal::Client, &headers, &info).await?;
        return own(&app, &caller, &request, asked.invoice_id).await;
    };
    let (org, found) = opened(&app, token).await.map_err(|_| none())?;
    if found.invoice.invoice_id != asked.invoice_id {
        return Err(none());
    }
    let known = crate::invoicing::known(&app, org, asked.invoice_id).await?;
    invoice(&app, &request.public_context(org), (org, &known.0, known.1)).await
}

/// Opens the checkout of one's own invoice.
pub(crate) async fn own(
    app: &App,
    caller: &PortalCaller,
    request: &CommandRequest,
    id: InvoiceId,
) -> Result<Answer, Problem> {
    let (found, version) = crate::invoicing::known(app, caller.org, id).await?;
    if !survivor::is_of(app, caller.org, found.client, caller.holder.into()).await? {
        return Err(Problem::refused(&InvoiceError::NotFound));
    }
    invoice(app, &caller.context(request), (caller.org, &found, version)).await
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DepositQuery {
    #[param(value_type = String)]
    booking_id: BookingId,
    /// `booking_token` of the answer that the visit was booked with; clients may come with their session instead.
    token: Option<String>,
}

/// Pay a deposit by card
#[utoipa::path(
    post,
    path = "/v1/payments/deposit/checkout",
    tag = "invoicing",
    params(DepositQuery),
    responses(
        (status = 201, description = "Where it is paid", content_type = "application/json"),
        (status = 401, description = "Neither a session nor a token"),
        (status = 409, description = "`nothing_due`: none is asked for, or it is paid"),
        (status = 502, description = "`payment_provider_failed`"),
        (status = 503, description = "`payments_off`")
    )
)]
async fn deposit_checkout(
    State(app): State<AppState>,
    This(info): This,
    headers: HeaderMap,
    Parameters(asked): Parameters<DepositQuery>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let none = || Problem::refused(&BookingError::NotFound);
    let (org, context, holder) = if let Some(token) = &asked.token {
        let named = app.invoice_links.read_visit(token).filter(|(_, id)| *id == asked.booking_id);
        let (org, _) = named.ok_or_else(none)?;
        (org, request.public_context(org), None)
    } else {
        let (caller, _) = at_portal(&app, Portal::Client, &headers, &info).await?;
        (caller.org, caller.context(&request), Some(caller.holder))
    };
    let visit = crate::scheduling::known(&app, org, asked.booking_id).await?;
    // Whoever asked for it has no part in it once it is for somebody else.
    if holder.is_none() && visit.client != visit.requested.client {
        return Err(none());
    }
    if let Some(holder) = holder
        && !survivor::is_of(&app, org, visit.client, holder.into()).await?
    {
        return Err(none());
    }
    pay_deposit(&app, &context, &visit).await
}

/// Opens the checkout of a deposit, and says where it is.
pub(crate) async fn pay_deposit(
    app: &App,
    context: &Context,
    visit: &Visit,
) -> Result<Answer, Problem> {
    let opened = deposit(app, context, visit).await?;
    let body = json!({
        "checkout_url": opened.url, "provider": "stripe", "booking_id": visit.requested.booking_id,
    });
    Ok(Answer::json(&body)?.created())
}

/// Opens the checkout of a deposit that is asked for and not paid.
pub(crate) async fn deposit(
    app: &App,
    context: &Context,
    visit: &Visit,
) -> Result<Opened, Problem> {
    let org = context.org;
    let amount_cents = visit.deposit_left_cents();
    if amount_cents == 0 || visit.status.is_final() {
        return Err(Problem::new(Code::NothingDue));
    }
    let booking = visit.requested.booking_id;
    let [success, cancel, ..] = &app.pages;
    let id = booking.to_string();
    let wanted = Wanted {
        org,
        target: Target::Deposit { booking },
        amount_cents,
        currency: settings(app, org).await?.currency,
        name: "Deposit for a visit".to_owned(),
        version: visit.deposit_moves(),
        pages: (filled(success, "{BOOKING_ID}", &id), filled(cancel, "{BOOKING_ID}", &id)),
    };
    let opened = open(app, context, wanted).await?;
    let step = DepositStep::Request { checkout_id: opened.id.clone() };
    let command = BookingCommand::Deposit { step, now: app.now() };
    let noted = Context {
        request: RequestKey::of(org, "checkout of a deposit", &opened.id, [0; 32]),
        expected_version: None,
        beside: Vec::new(),
        ..context.clone()
    };
    app.bus.execute(&noted, &id, command, |_: &Booking| Value::Null).await?;
    Ok(opened)
}
