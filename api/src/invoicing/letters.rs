//! Sending invoices, reminding of them, and the addresses under which customers see them.

use axum::extract::State;
use axum::http::HeaderMap;
use commands::{CommandBus, CommandError, Context, Done, LoadError};
use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::status::Letter;
use domain::invoicing::invoice::{
    Details, Invoice, InvoiceCommand, InvoiceError, Mail, NewLink, REMINDED,
};
use domain::sales::lead::Lead;
use projections::invoicing::invoice_list;
use projections::tenant;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{EDIT, SEND, counting, invoices, known, overdue_at, run, shown};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::customers::survivor::survivor;
use crate::extract::Path;
use crate::identity::portal_address;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(send_invoice), invoices(EDIT).action("invoice.send"))
        .add(routes!(remind_invoice), invoices(SEND).action("invoice.remind"))
        .add(routes!(mint_link), invoices(SEND).action("invoice.link"))
        .add(routes!(revoke_link), invoices(SEND).action("invoice.link_revoke"))
}

/// Where addresses of invoices lead, as far as that is known.
pub(super) async fn address(
    app: &App,
    headers: &HeaderMap,
    org: OrgId,
) -> Result<Option<String>, Problem> {
    let organisation = app.organisations.registered(&app.reads, org).await?;
    portal_address(app, headers, &organisation).await
}

/// Who is to pay.
pub(super) struct Reader {
    /// A client, or whoever asked for an offer.
    pub(super) id: Uuid,
    /// How they are written to, if that is known.
    pub(super) email: Option<String>,
}

/// Who is to pay, as of now.
pub(super) async fn reader(
    bus: &CommandBus,
    org: OrgId,
    invoice: &Details,
) -> Result<Option<Reader>, LoadError> {
    if let Some(client) = invoice.client {
        let found = survivor(bus, org, client).await?;
        return Ok(found.map(|client| Reader {
            id: client.client_id.as_uuid(),
            email: client.contact.open().map(|contact| contact.email.clone()),
        }));
    }
    let Some(lead) = invoice.lead else { return Ok(None) };
    let found = bus.load::<Lead>(org, &lead.to_string()).await?;
    let contact = found.state.details().and_then(|lead| lead.submitted.contact.open());
    let email = contact.and_then(|contact| contact.email.clone());
    Ok(Some(Reader { id: lead.as_uuid(), email }))
}

/// The next address of an invoice, and what is kept of it.
fn next_link(app: &App, org: OrgId, invoice: &Details) -> NewLink {
    let link = invoice.next_link();
    let token = app.invoice_links.token(org, invoice.invoice_id, link);
    NewLink { link, hash: app.invoice_links.hash(&token) }
}

/// The last address that was made, as customers open it.
fn public_link(app: &App, org: OrgId, portal: Option<&str>, invoice: &Invoice) -> Value {
    let link = invoice.details().and_then(|it| Some((it.invoice_id, it.links.last()?.link)));
    json!(link.map(|(id, link)| {
        format!("{}/i/{}", portal.unwrap_or_default(), app.invoice_links.token(org, id, link))
    }))
}

/// Writes to whoever is to pay; the letter goes out afterwards.
pub(super) async fn write(
    app: &App,
    context: &Context,
    (id, letter): (InvoiceId, Option<Letter>),
    portal: Option<&str>,
) -> Result<Done, Problem> {
    let org = context.org;
    let (invoice, _) = known(app, org, id).await?;
    let reader = reader(&app.bus, org, &invoice).await?;
    let customer = reader.as_ref().map(|reader| reader.id);
    let mail = Mail {
        recipient: reader.and_then(|reader| reader.email),
        link: next_link(app, org, &invoice),
        portal: portal.map(str::to_owned),
    };
    let (overdue_at, now) = (overdue_at(app, org, &invoice).await?, app.now());
    let command = match letter {
        None => InvoiceCommand::Send { mail, overdue_at, now },
        Some(letter) => {
            let (last_mail_at, once) = match customer {
                Some(customer) => {
                    let mut tx = tenant::begin(&app.reads, org).await?;
                    let last = invoice_list::last_mail(&mut tx, org, customer).await?;
                    drop(tx);
                    (last, Some(format!("{customer}:{}", app.today(org).await?)))
                }
                None => (None, None),
            };
            InvoiceCommand::Remind { letter, mail, last_mail_at, once, overdue_at, now }
        }
    };
    let context = counting(app, context, &invoice).await?;
    let email_sent = app.installation.sends_mail();
    let answer = |invoice: &Invoice| {
        let mails = invoice.details().map(|it| it.mails.as_slice()).unwrap_or_default();
        let recipient = mails.last().and_then(|mail| mail.recipient.open());
        json!({
            "invoice": shown(invoice),
            "public_link": public_link(app, org, portal, invoice),
            "email_sent": email_sent,
            "recipient": recipient,
        })
    };
    match app.bus.execute(&context, &id.to_string(), command, answer).await {
        // Another of their invoices was faster; the list may not know yet.
        Err(CommandError::ClaimTaken { scope }) if scope == REMINDED => {
            Err(Problem::refused(&InvoiceError::RecipientMailedLately(None)))
        }
        // Nobody is left to be written to.
        Err(CommandError::SubjectErased) => Err(Problem::refused(&InvoiceError::EmailMissing)),
        done => Ok(done?),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Let an invoice count, and send it; `email_sent` is false where mail is off
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/{invoice_id}/send",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    responses(
        (status = 202, description = "The invoice, and a new address under which it is seen", content_type = "application/json"),
        (status = 400, description = "`invoice.email_missing` or `invoice.void`"),
        (status = 409, description = "`invoice.illegal_state`")
    )
)]
async fn send_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let portal = address(&app, &headers, caller.org()).await?;
    let done = write(&app, &request.context(&caller), (id, None), portal.as_deref()).await?;
    Ok(Answer::done(&done).accepted())
}

/// Remind whoever has not paid; a draft is sent instead
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/{invoice_id}/remind",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The invoice", content_type = "application/json"),
        (status = 400, description = "`invoice.nothing_due`, `invoice.email_missing` or `invoice.void`"),
        (status = 409, description = "`invoice.mailed_lately` or `invoice.recipient_mailed_lately`: about this invoice, or about another of theirs, less than 24 hours ago")
    )
)]
async fn remind_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let portal = address(&app, &headers, caller.org()).await?;
    let how = (id, Some(Letter::Reminder));
    Ok(Answer::done(&write(&app, &request.context(&caller), how, portal.as_deref()).await?))
}

/// Make one more address under which an invoice is seen
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/{invoice_id}/links",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    responses(
        (status = 201, description = "The address; it is told here and never again", content_type = "application/json", example = json!({
            "link_id": 2, "public_link": "https://portal.example.org/i/AAAA"
        })),
        (status = 400, description = "`invoice.void`"),
        (status = 409, description = "`invoice.too_many_links` or `invoice.illegal_state`")
    )
)]
async fn mint_link(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let org = caller.org();
    let portal = address(&app, &headers, org).await?;
    let (invoice, _) = known(&app, org, id).await?;
    let link = next_link(&app, org, &invoice);
    let command = InvoiceCommand::MintLink { link, now: app.now() };
    let answer = |invoice: &Invoice| {
        let link = invoice.details().and_then(|it| it.links.last()).map(|last| last.link);
        json!({ "link_id": link, "public_link": public_link(&app, org, portal.as_deref(), invoice) })
    };
    let context = request.context(&caller);
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?).created())
}

/// Let an address of an invoice lead nowhere
#[utoipa::path(
    delete,
    path = "/v1/admin/invoices/{invoice_id}/links/{link}",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path), ("link" = u16, Path, description = "Its `link_id`")),
    responses((status = 200, description = "The invoice", content_type = "application/json"))
)]
async fn revoke_link(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, link)): Path<(InvoiceId, u16)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = InvoiceCommand::RevokeLink { link, now: app.now() };
    Ok(Answer::done(&run(&app, &request.context(&caller), id, command).await?))
}
