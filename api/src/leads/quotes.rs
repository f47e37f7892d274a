//! Offers made to a lead.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::id::{LeadId, OrgId, QuoteId};
use domain::sales::lead::{Lead, LeadCommand, Offer, view};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::CHANGE;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(draft), staff(CHANGE).action("lead.quote_create"))
        .add(routes!(revise), staff(CHANGE).action("lead.quote_revise"))
        .add(routes!(send), staff(CHANGE).action("lead.quote_send"))
        .add(routes!(accept), staff(CHANGE).action("lead.quote_accept"))
        .add(routes!(decline), staff(CHANGE).action("lead.quote_decline"))
        .add(routes!(follow_up), staff(CHANGE).action("lead.quote_follow_up"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "amount": 18500, "currency": "CAD", "service_type": "Deep clean", "expires_at": "2026-12-24T17:00:00Z"
})))]
struct OfferBody {
    /// Cents, at least 0.
    amount: i64,
    /// Up to 8 letters; that of the price book if left out.
    currency: Option<String>,
    /// Up to 100 characters.
    service_type: Option<String>,
    /// The first instant at which it no longer stands.
    expires_at: Option<DateTime<Utc>>,
    /// Whatever staff keep with it, up to 4,096 bytes.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

impl OfferBody {
    /// Written by the prices that hold now.
    async fn offer(self, app: &App, org: OrgId) -> Result<Offer, Problem> {
        let OfferBody { amount: amount_cents, currency, service_type, expires_at, metadata } = self;
        let prices = &app.prices.of(app, org).await?.prices;
        let currency = currency.or_else(|| Some(prices.rates().currency.clone()));
        let price_book = Some(prices.name());
        Ok(Offer { amount_cents, currency, service_type, expires_at, metadata, price_book })
    }
}

/// Draft an offer
#[utoipa::path(
    post,
    path = "/v1/admin/leads/{lead_id}/quotes",
    tag = "leads",
    params(("lead_id" = Uuid, Path)),
    request_body = OfferBody,
    responses((status = 200, description = "The quote", content_type = "application/json"))
)]
async fn draft(
    State(app): State<AppState>,
    caller: Caller,
    Path(lead): Path<LeadId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let offer = request.body::<OfferBody>()?.offer(&app, caller.org()).await?;
    let id = Uuid::now_v7().into();
    let command = LeadCommand::DraftQuote { quote_id: id, offer, now: app.now() };
    decide(&app, &caller, &request, lead, Shown::Newest, command).await
}

/// Change an offer that was not answered yet; it must be sent again
#[utoipa::path(
    post,
    path = "/v1/admin/leads/{lead_id}/quotes/{quote_id}/revise",
    tag = "leads",
    params(("lead_id" = Uuid, Path), ("quote_id" = Uuid, Path)),
    request_body = OfferBody,
    responses(
        (status = 200, description = "The quote", content_type = "application/json"),
        (status = 409, description = "`lead.quote_closed`")
    )
)]
async fn revise(
    State(app): State<AppState>,
    caller: Caller,
    Path((lead, quote_id)): Path<(LeadId, QuoteId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let offer = request.body::<OfferBody>()?.offer(&app, caller.org()).await?;
    let command = LeadCommand::ReviseQuote { quote_id, offer, now: app.now() };
    decide(&app, &caller, &request, lead, Shown::Quote(quote_id), command).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Send an offer; the lead becomes `QUOTED`
#[utoipa::path(
    post,
    path = "/v1/admin/leads/{lead_id}/quotes/{quote_id}/send",
    tag = "leads",
    params(("lead_id" = Uuid, Path), ("quote_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The quote", content_type = "application/json"),
        (status = 409, description = "`lead.quote_closed`")
    )
)]
async fn send(
    State(app): State<AppState>,
    caller: Caller,
    Path((lead, quote_id)): Path<(LeadId, QuoteId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let command = LeadCommand::SendQuote { quote_id, now: app.now() };
    decide(&app, &caller, &request, lead, Shown::Quote(quote_id), command).await
}

/// Note that an offer was taken
#[utoipa::path(
    post,
    path = "/v1/admin/leads/{lead_id}/quotes/{quote_id}/accept",
    tag = "leads",
    params(("lead_id" = Uuid, Path), ("quote_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The quote", content_type = "application/json"),
        (status = 409, description = "`lead.quote_closed`, `lead.quote_not_sent` or `lead.another_quote_accepted`")
    )
)]
async fn accept(
    State(app): State<AppState>,
    caller: Caller,
    Path((lead, quote_id)): Path<(LeadId, QuoteId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let command = LeadCommand::AcceptQuote { quote_id, now: app.now() };
    decide(&app, &caller, &request, lead, Shown::Quote(quote_id), command).await
}

/// Note that an offer was turned down
#[utoipa::path(
    post,
    path = "/v1/admin/leads/{lead_id}/quotes/{quote_id}/decline",
    tag = "leads",
    params(("lead_id" = Uuid, Path), ("quote_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The quote", content_type = "application/json"),
        (status = 409, description = "`lead.quote_closed` or `lead.quote_not_sent`")
    )
)]
async fn decline(
    State(app): State<AppState>,
    caller: Caller,
    Path((lead, quote_id)): Path<(LeadId, QuoteId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let command = LeadCommand::DeclineQuote { quote_id, now: app.now() };
    decide(&app, &caller, &request, lead, Shown::Quote(quote_id), command).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "note": "Asked whether Friday suits" })))]
struct FollowUpBody {
    /// 1 to 500 characters.
    note: String,
}

/// Note that staff asked after an offer
#[utoipa::path(
    post,
    path = "/v1/admin/leads/{lead_id}/quotes/{quote_id}/followups",
    tag = "leads",
    params(("lead_id" = Uuid, Path), ("quote_id" = Uuid, Path)),
    request_body = FollowUpBody,
    responses((status = 200, description = "The quote", content_type = "application/json"))
)]
async fn follow_up(
    State(app): State<AppState>,
    caller: Caller,
    Path((lead, quote_id)): Path<(LeadId, QuoteId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let FollowUpBody { note } = request.body()?;
    let (followup_id, by) = (Uuid::now_v7(), Some(caller.id().to_string()));
    let command = LeadCommand::FollowUpQuote { quote_id, followup_id, note, by, now: app.now() };
    decide(&app, &caller, &request, lead, Shown::Quote(quote_id), command).await
}

/// Which quote an answer shows. A repeated draft has another id than the first, so it asks for the newest.
#[derive(Clone, Copy)]
enum Shown {
    Newest,
    Quote(QuoteId),
}

async fn decide(
    app: &App,
    caller: &Caller,
    request: &CommandRequest,
    lead: LeadId,
    shown: Shown,
    command: LeadCommand,
) -> Result<Answer, Problem> {
    let now = app.now();
    let answer = |lead: &Lead| shown_of(lead, shown, now);
    let context = request.context(caller);
    let done = app.bus.execute(&context, &lead.to_string(), command, answer).await?;
    Ok(Answer::done(&done))
}

fn shown_of(lead: &Lead, shown: Shown, now: DateTime<Utc>) -> Value {
    let Some(details) = lead.details() else { return Value::Null };
    let one = match shown {
        Shown::Newest => details.quotes.last(),
        Shown::Quote(id) => details.quotes.iter().find(|one| one.quote_id == id),
    };
    one.map_or(Value::Null, |one| view::quote(details, one, now))
}
