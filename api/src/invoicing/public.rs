//! An invoice as whoever has one of its addresses sees it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::id::OrgId;
use domain::invoicing::invoice::status::Status;
use projections::invoicing::invoice_list::Detail;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::detail::listed;
use super::documents::{self, Paper};
use super::{settings, told};
use crate::answer::Answer;
use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::request::{This, Who};
use crate::route::{Routes, public};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(public_invoice), public())
        .add(routes!(public_receipt), public())
        .add(routes!(public_agreement), public())
}

/// What customers may see of an invoice: nothing of who wrote it, and of no other address.
pub(super) fn seen(found: &Detail) -> Value {
    let mut body = told(&found.invoice);
    if let Some(body) = body.as_object_mut() {
        for name in [
            "customer_id",
            "created_by",
            "links",
            "email_events",
            "public_link",
            "booking",
            "void_reason",
        ] {
            body.remove(name);
        }
    }
    let who = &found.customer;
    body["customer"] = json!({ "name": who.name, "email": who.email, "address": who.address });
    body
}

/// The invoice that an address leads to, if it still does.
pub(crate) async fn opened(app: &App, token: &str) -> Result<(OrgId, Detail), Problem> {
    let nothing = || Problem::new(Code::NotFound);
    let (org, id) = app.invoice_links.read(token).ok_or_else(nothing)?;
    let found = listed(app, org, id).await.map_err(|problem| match problem.status().as_u16() {
        404 => nothing(),
        _ => problem,
    })?;
    let hash = app.invoice_links.hash(token);
    let stands = found.invoice.link_of(&hash).is_some();
    let counts = !matches!(found.invoice.status, Status::Void | Status::Discarded);
    if stands && counts { Ok((org, found)) } else { Err(nothing()) }
}

/// An invoice, for whoever has its address; with `.pdf` behind it, on paper
#[utoipa::path(
    get,
    path = "/i/{token}",
    tag = "invoicing",
    params(("token" = String, Path, description = "What stands in the address")),
    responses((status = 200, description = "The invoice, and who it is from; or a PDF", content_type = "application/json"))
)]
async fn public_invoice(
    State(app): State<AppState>,
    This(info): This,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    if let Some(token) = token.strip_suffix(".pdf") {
        let (org, found) = opened(&app, token).await?;
        return documents::sheet(&app, org, &found, Paper::Invoice).await;
    }
    let (org, found) = opened(&app, &token).await?;
    // Its times are read on the clock of whoever is to be paid.
    info.is_from(Who { org, user: None, role: None });
    let mut body = seen(&found);
    let settings = settings(&app, org).await?;
    let organisation = app.organisations.registered(&app.reads, org).await?;
    body["from"] = json!({ "name": organisation.name, "legal": settings.legal });
    body["card"] = app.stripe.is_some().into();
    Ok(Answer::json(&body)?.into_response())
}

/// What was paid, on paper; the name of the file is that of the payment and `.pdf`
#[utoipa::path(
    get,
    path = "/i/{token}/receipts/{file}",
    tag = "invoicing",
    params(
        ("token" = String, Path, description = "What stands in the address"),
        ("file" = String, Path, description = "The `payment_id`, and `.pdf`")
    ),
    responses((status = 200, description = "The receipt", content_type = "application/pdf"))
)]
async fn public_receipt(
    State(app): State<AppState>,
    Path((token, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (org, found) = opened(&app, &token).await?;
    let payment = file.strip_suffix(".pdf").unwrap_or(&file);
    let payment = found.invoice.payments.iter().find(|one| one.payment_id == payment);
    let payment = payment.ok_or_else(|| Problem::new(Code::NotFound))?;
    documents::sheet(&app, org, &found, Paper::Receipt(payment)).await
}

/// What was agreed on, on paper
#[utoipa::path(
    get,
    path = "/i/{token}/service-agreement.pdf",
    tag = "invoicing",
    params(("token" = String, Path, description = "What stands in the address")),
    responses((status = 200, description = "The agreement", content_type = "application/pdf"))
)]
async fn public_agreement(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (org, found) = opened(&app, &token).await?;
    documents::sheet(&app, org, &found, Paper::Agreement).await
}
