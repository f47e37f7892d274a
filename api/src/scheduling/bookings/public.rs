//! `POST /v1/bookings`: somebody chooses a time.

use std::sync::Arc;

use axum::extract::State;
use chrono_tz::Tz;
use commands::{CommandError, Context, Done};
use domain::billing::plan::Counted;
use domain::id::{BookingId, ClientId, LeadId, OrgId};
use domain::sales::estimate::CleaningType;
use domain::sales::lead::{Details as Lead, Lead as LeadAggregate, LeadError};
use domain::scheduling::booking::{Booking, BookingCommand, Crew, Origin, Request};
use domain::scheduling::team::Details as Team;
use domain::scheduling::window::Window;
use projections::scheduling::booking_list;
use projections::tenant;
use serde::Deserialize;
use serde_json::{Map, Number, Value};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::{facts, instants, slots};
use super::{customer, deposit, free, shown};
use crate::answer::Answer;
use crate::billing::{add_booking, over_limit};
use crate::captcha::{self, Asker};
use crate::command::CommandRequest;
use crate::organisation::Public;
use crate::pricing::InForce;
use crate::problem::Problem;
use crate::route::{Routes, public};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(book), public().action("booking.create"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "starts_at": "2030-03-04T10:00:00", "time_on_site_hours": 3.5, "lead_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "service_type": "deep" })))]
struct NewBooking {
    /// One of `/v1/slots`, or as the clock of the organisation shows it.
    starts_at: String,
    /// More than 0.
    #[schema(value_type = f64)]
    time_on_site_hours: Number,
    /// Who asks: the answer to their request for an offer.
    #[schema(value_type = String)]
    lead_id: LeadId,
    /// What they asked an offer for, if left out.
    #[schema(value_type = Option<String>)]
    service_type: Option<CleaningType>,
    /// What the widget answered, where a captcha is asked for.
    captcha_token: Option<String>,
}

/// What everybody may know about a visit they asked for.
const TOLD: [&str; 16] = [
    "booking_id",
    "status",
    "starts_at",
    "ends_at",
    "duration_minutes",
    "actual_duration_minutes",
    "service_type",
    "deposit_required",
    "deposit_cents",
    "deposit_policy",
    "deposit_status",
    "policy_snapshot",
    "risk_score",
    "risk_band",
    "risk_reasons",
    "cancellation_exception",
];

/// Choose a time: it is taken from then on
#[utoipa::path(
    post,
    path = "/v1/bookings",
    tag = "intake",
    request_body = NewBooking,
    responses(
        (status = 201, description = "The visit, `PENDING` until it is confirmed", content_type = "application/json"),
        (status = 402, description = "`plan.booking_limit`"),
        (status = 403, description = "`booking.client_blocked`"),
        (status = 404, description = "`lead.not_found`"),
        (status = 409, description = "`slot_taken`; `conflicts` says what is there"),
        (status = 422, description = "`validation_failed`; `captcha_required` or `captcha_failed` where a captcha is asked for"),
        (status = 503, description = "`captcha_unavailable` where the captcha cannot be checked")
    )
)]
async fn book(
    State(app): State<AppState>,
    Public(org): Public,
    asker: Asker,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let wanted: NewBooking = request.body()?;
    let context = captcha::context(&app, &request, org.id);
    captcha::check(&app, &context, &asker, wanted.captcha_token.as_deref()).await?;
    let found = app.bus.load::<LeadAggregate>(org.id, &wanted.lead_id.to_string()).await?;
    let lead = found.state.details().filter(|lead| lead.submitted.contact.open().is_some());
    let lead = lead.ok_or_else(|| Problem::refused(&LeadError::NotFound))?;
    let zone = app.settings.of(&app, org.id).await?.zone;
    let service = wanted.service_type.unwrap_or(lead.submitted.structured_inputs.cleaning_type);
    let minutes = slots::minutes(Some(&wanted.time_on_site_hours), Some(service))?;
    let starts_at = instants::read("starts_at", &wanted.starts_at, zone)?;
    let window = instants::visit(starts_at, minutes)?;
    let holds = app.prices.of(&app, org.id).await?;
    let asking = Asking { app: &app, context: &context, lead, service, window, zone, holds };
    let repeated = context.request.keyed
        && app.bus.lookup(org.id, context.request.command_id).await?.is_some();
    let teams = slots::active(&app.reads, org.id).await?;
    let free = if repeated {
        teams
    } else {
        let wish = free::Wish { window, zone, policy: &asking.holds.book.policies.scheduling };
        free::teams(&app, org.id, teams, (wish, asking.id())).await?
    };
    let client = if repeated { None } else { customer::of_lead(&app, &context, lead).await? };
    let done = asking.book(free, client).await?;
    let mut done = deposit::open_checkout_or_waive(&app, &context, asking.id(), done).await?;
    done.answer["booking_token"] = app.invoice_links.visit(org.id, asking.id()).into();
    Ok(Answer::done(&done).created())
}

/// Somebody who asks for a time.
struct Asking<'a> {
    app: &'a App,
    context: &'a Context,
    lead: &'a Lead,
    service: CleaningType,
    window: Window,
    zone: Tz,
    holds: Arc<InForce>,
}

impl Asking<'_> {
    fn org(&self) -> OrgId {
        self.context.org
    }

    /// The same for a repetition, which must be told of the same visit.
    fn id(&self) -> BookingId {
        self.context.request.derived_id("booking").into()
    }

    /// Asks the log for one team after another.
    async fn book(
        &self,
        teams: Vec<Team>,
        client: Option<(ClientId, bool)>,
    ) -> Result<Done, Problem> {
        let (app, org, id) = (self.app, self.org(), self.id());
        let lead_id = self.lead.submitted.lead_id;
        let mut tx = tenant::begin(&app.reads, org).await?;
        let known = client.map(|(client, _)| client);
        let mut history = booking_list::history(&mut tx, org, known, Some(lead_id)).await?;
        drop(tx);
        let contact = self.lead.submitted.contact.open();
        history.postal_code = contact.and_then(|contact| contact.postal_code.clone());
        let mut lost = Vec::new();
        let one_more = add_booking(&app.bus, org, app.now()).await?;
        let policy = &self.holds.book.policies.scheduling;
        for team in teams {
            let mut request = self.request(&team, client);
            request.history = history.clone();
            let command = BookingCommand::Request(Box::new(request));
            let mut context = self.context.clone();
            context.beside.push(one_more.clone());
            let starts_at = self.window.starts_at;
            context.beside.extend(facts::hold_day(policy, team.team_id, starts_at, self.zone));
            let done = app.bus.create(&context, &id.to_string(), command, receipt).await;
            match done {
                Err(CommandError::SlotTaken { detail }) => {
                    lost.extend(facts::lost(&detail, team.team_id));
                }
                Err(error) if facts::is_day_full(&error) => {}
                fate => return fate.map_err(|error| over_limit(error, Counted::Bookings)),
            }
        }
        Err(facts::no_longer_free(&lost))
    }

    fn request(&self, team: &Team, client: Option<(ClientId, bool)>) -> Request {
        let submitted = &self.lead.submitted;
        let contact = submitted.contact.open();
        let empty = |text: Option<&String>| text.is_none_or(|text| text.trim().is_empty());
        let missing = [
            ("name", empty(contact.map(|contact| &contact.name))),
            ("phone", empty(contact.map(|contact| &contact.phone))),
            ("address", empty(contact.map(|contact| &contact.address))),
        ];
        let estimate = &submitted.estimate;
        Request {
            booking_id: self.id(),
            origin: Origin::Public,
            client: client.map(|(client, _)| client),
            lead: Some(submitted.lead_id),
            address: None,
            subscription: None,
            place: contact.map(|contact| contact.address.chars().take(500).collect()),
            missing_contact: missing
                .iter()
                .filter(|(_, empty)| *empty)
                .map(|(name, _)| *name)
                .collect(),
            is_blocked: client.is_some_and(|(_, blocked)| blocked),
            block_override: None,
            team: team.team_id,
            crew: Crew::default(),
            window: self.window,
            service: Some(self.service),
            total_cents: Some(estimate.total_cents),
            price_book: Some(format!(
                "{}/{}",
                estimate.pricing_config_id, estimate.pricing_config_version
            )),
            addons: Vec::new(),
            obstacles: Vec::new(),
            forced: None,
            history: domain::scheduling::terms::risk::History::default(),
            policies: self.holds.book.policies.clone(),
            decided_by: self.holds.prices.name(),
            named_deposit_cents: None,
            unpayable: deposit::unpayable(self.app),
            now: self.app.now(),
        }
    }
}

/// What whoever asked is told.
pub(super) fn receipt(booking: &Booking) -> Value {
    let mut whole = shown(booking);
    let mut told: Map<String, Value> =
        TOLD.iter().map(|name| ((*name).to_owned(), whole[*name].take())).collect();
    told.insert("checkout_url".to_owned(), Value::Null);
    Value::Object(told)
}
