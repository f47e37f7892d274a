//! `POST /v1/admin/schedule/quick-create`: staff take down a visit.

use axum::extract::State;
use commands::Context;
use domain::customers::client::Contact;
use domain::id::{
    AddonId, AddressId, BookingId, ClientId, LeadId, OrgId, ServiceTypeId, TeamId, WorkerId,
};
use domain::pricing::book::Book;
use domain::pricing::catalogue::ServiceType;
use domain::pricing::price_book::PriceBookError;
use domain::sales::estimate::CleaningType;
use domain::sales::lead::{Details as LeadDetails, Lead, LeadError};
use domain::scheduling::booking::addons::{Offered, cents};
use domain::scheduling::booking::{BookingCommand, Origin, Party, Request};
use domain::scheduling::team::{Details as Team, TeamError};
use domain::scheduling::terms::deposit::Downgrade;
use domain::scheduling::terms::risk::History;
use domain::settings::feature::Feature;
use projections::scheduling::{booking_list, team_list};
use projections::tenant;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::{facts, instants};
use super::{EDIT, addons, customer, portal, shown};
use crate::answer::Answer;
use crate::billing::add_booking;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::customers::survivor;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let edit = staff(EDIT).feature(Feature::Schedule);
    Routes::default().add(routes!(quick_create), edit.action("booking.create"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCustomer {
    /// 1 to 120 characters.
    name: String,
    /// What they sign in with; a client who has it already is taken.
    email: String,
    phone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "starts_at": "2030-03-04T10:00:00", "duration_minutes": 120, "client_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "price_cents": 12000 })))]
struct NewVisit {
    /// With an offset, or on the clock of the organisation.
    starts_at: String,
    /// 1 to 10080; if left out, as long as the service usually takes.
    duration_minutes: Option<u32>,
    /// For whom; either this or `client`, or else whoever asked for the offer.
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// For whom, if they are new.
    client: Option<NewCustomer>,
    /// What becomes a visit.
    #[schema(value_type = Option<String>)]
    lead_id: Option<LeadId>,
    /// Where: one of the client's addresses.
    #[schema(value_type = Option<String>)]
    address_id: Option<AddressId>,
    /// Where, up to 500 characters; that of `address_id` if left out.
    address_text: Option<String>,
    /// By which team; the one with the lowest number if left out.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// Who leads.
    #[schema(value_type = Option<String>)]
    assigned_worker_id: Option<WorkerId>,
    /// Who else comes.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    crew: Vec<WorkerId>,
    /// `standard`, `deep`, `move_out_empty` or `move_in_empty`.
    #[schema(value_type = Option<String>)]
    service_type: Option<CleaningType>,
    /// Of the catalogue.
    #[schema(value_type = Option<String>)]
    service_type_id: Option<ServiceTypeId>,
    /// What is cleaned beside, one of each.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    addon_ids: Vec<AddonId>,
    /// What it will cost with everything; if left out and a service is named, what the catalogue says.
    price_cents: Option<i64>,
    /// Asks for a deposit of exactly this, or for none.
    deposit_cents: Option<i64>,
    /// Why somebody who is blocked may book after all.
    override_reason: Option<String>,
    /// Why opening hours and the distance to other visits are put aside.
    force_reason: Option<String>,
}

/// Take down a visit
#[utoipa::path(
    post,
    path = "/v1/admin/schedule/quick-create",
    tag = "scheduling",
    request_body = NewVisit,
    responses(
        (status = 201, description = "The booking", content_type = "application/json"),
        (status = 400, description = "`booking.worker_inactive` or `booking.worker_other_team`"),
        (status = 402, description = "`plan.booking_limit`"),
        (status = 403, description = "`booking.client_blocked`"),
        (status = 409, description = "`booking.conflict`; `conflicts` says what stands in the way. `booking.day_full`")
    )
)]
async fn quick_create(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let visit: NewVisit = request.body()?;
    visit.check()?;
    let mut context = request.context(&caller);
    let zone = app.settings.of(&app, context.org).await?.zone;
    let starts_at = instants::read("starts_at", &visit.starts_at, zone)?;
    let holds = app.prices.of(&app, context.org).await?;
    let service = visit.service(&holds.book)?;
    let window = instants::visit(starts_at, visit.minutes(service)?)?;
    let (total_cents, addons) = visit.price(&holds.book, service, window.minutes())?;
    let team = team(&app, context.org, visit.team_id).await?;
    let crew = (visit.assigned_worker_id, &visit.crew[..]);
    let crew = facts::crew(&app, context.org, &team, crew).await?;
    let workers: Vec<WorkerId> = crew.members.iter().map(|member| member.worker).collect();
    let wish = facts::Wish { team: Some(&team), workers: &workers, window, zone };
    let obstacles = facts::obstacles(&app.reads, context.org, wish).await?;
    let (client, is_blocked) = visit.customer(&app, &context).await?;
    let (address, place) = visit.place(&app, context.org, client).await?;
    let history = history(&app, context.org, client, visit.lead_id).await?;
    // The same for a repetition, which must be told of the same booking.
    let booking_id = BookingId::from(context.request.derived_id("booking"));
    context.beside.push(add_booking(&app.bus, context.org, app.now()).await?);
    let policy = &holds.book.policies.scheduling;
    let buffer = facts::distance(policy, visit.force_reason.as_deref());
    if visit.force_reason.is_none() {
        context.beside.extend(facts::hold_day(policy, team.team_id, starts_at, zone));
    }
    // Whoever is on the telephone pays what the office names, and nothing else in advance.
    let unpayable = visit.deposit_cents.is_none().then_some(Downgrade::NobodyAtCheckout);
    let command = BookingCommand::Request(Box::new(Request {
        booking_id,
        origin: Origin::Staff,
        client: Some(client),
        lead: visit.lead_id,
        address,
        subscription: None,
        place,
        missing_contact: Vec::new(),
        is_blocked,
        block_override: visit.override_reason,
        team: team.team_id,
        crew,
        window,
        service: visit.service_type,
        total_cents,
        price_book: visit.price_cents.is_none().then(|| holds.prices.name()),
        addons,
        obstacles,
        forced: visit.force_reason,
        history,
        policies: holds.book.policies.clone(),
        decided_by: holds.prices.name(),
        named_deposit_cents: visit.deposit_cents,
        unpayable,
        now: app.now(),
    }));
    let fate = app.bus.create(&context, &booking_id.to_string(), command, shown).await;
    let wish = facts::Wanted { team: team.team_id, workers: &workers, window, buffer };
    let done = facts::decided(&app, context.org, fate, (wish, None), Party::Staff).await?;
    Ok(Answer::done(&done).created())
}

impl NewVisit {
    fn check(&self) -> Result<(), Problem> {
        for (field, cents) in
            [("price_cents", self.price_cents), ("deposit_cents", self.deposit_cents)]
        {
            if cents.is_some_and(|cents| !(0..=100_000_000).contains(&cents)) {
                return Err(Problem::field(field, "Input should be from 0 to 100000000"));
            }
        }
        match (&self.client_id, &self.client) {
            (None, None) if self.lead_id.is_none() => {
                Err(Problem::field("client_id", "Field required"))
            }
            (Some(_), Some(_)) => Err(Problem::field("client", "Not together with client_id")),
            _ => Ok(()),
        }
    }

    /// The service of the catalogue, if one is named.
    fn service<'a>(&self, book: &'a Book) -> Result<Option<&'a ServiceType>, Problem> {
        let Some(id) = self.service_type_id else { return Ok(None) };
        let service = book.service(id).filter(|service| service.active);
        service.map(Some).ok_or_else(|| Problem::refused(&PriceBookError::ServiceNotFound))
    }

    fn minutes(&self, service: Option<&ServiceType>) -> Result<u32, Problem> {
        let usual = service.map(|service| service.default_duration_minutes);
        let minutes = self.duration_minutes.or(usual);
        minutes.ok_or_else(|| Problem::field("duration_minutes", "Field required"))
    }

    /// What it costs, and what is cleaned beside.
    fn price(
        &self,
        book: &Book,
        service: Option<&ServiceType>,
        minutes: u32,
    ) -> Result<(Option<i64>, Vec<Offered>), Problem> {
        let one = |id: &AddonId| addons::offered(book, *id, 1);
        let addons = self.addon_ids.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        let beside = cents(addons.iter().map(|one| &one.line));
        let listed = service.map(|service| service.price_cents(minutes).saturating_add(beside));
        if self.price_cents.is_some_and(|price| price < beside) {
            let message = "Input should not be less than what is cleaned beside costs";
            return Err(Problem::field("price_cents", message));
        }
        let total = self.price_cents.or(listed);
        if self.deposit_cents.zip(total).is_some_and(|(deposit, total)| deposit > total) {
            let message = "Input should not be more than the visit costs";
            return Err(Problem::field("deposit_cents", message));
        }
        Ok((total, addons))
    }

    async fn lead(&self, app: &App, org: OrgId) -> Result<Option<LeadDetails>, Problem> {
        let Some(lead) = self.lead_id else { return Ok(None) };
        let found = app.bus.load::<Lead>(org, &lead.to_string()).await?;
        let lead = found.state.details().cloned();
        lead.map(Some).ok_or_else(|| Problem::refused(&LeadError::NotFound))
    }

    /// Where it is: at one of the client's addresses, or in words.
    async fn place(
        &self,
        app: &App,
        org: OrgId,
        client: ClientId,
    ) -> Result<(Option<AddressId>, Option<String>), Problem> {
        let words = self.address_text.clone().filter(|text| !text.trim().is_empty());
        if self.address_id.is_none() {
            return Ok((None, words));
        }
        let client = survivor::known(app, org, client).await?;
        let (address, text) = portal::place(&client, self.address_id)?;
        Ok((address, words.or(text)))
    }

    async fn customer(&self, app: &App, context: &Context) -> Result<(ClientId, bool), Problem> {
        let lead = self.lead(app, context.org).await?;
        let id = match (&self.client_id, &self.client) {
            (None, Some(new)) => {
                let contact = Contact::parse(&new.name, &new.email, new.phone.as_deref())?;
                let id = ClientId::from(context.request.derived_id("client"));
                let found = customer::found_or_registered(app, context, contact, id).await?;
                found.ok_or_else(|| {
                    Problem::field("client.email", "A client who was archived has this address")
                })?
            }
            (Some(id), _) => *id,
            (None, None) => {
                let asked = match &lead {
                    Some(lead) => customer::of_lead(app, context, lead).await?,
                    None => None,
                };
                let needed = "The lead has no e-mail address, or a client who was archived has it";
                return asked.ok_or_else(|| Problem::field("client_id", needed));
            }
        };
        customer::known(app, context.org, id).await
    }
}

/// The team that was named, else the first that takes visits.
async fn team(app: &App, org: OrgId, named: Option<TeamId>) -> Result<Team, Problem> {
    if let Some(named) = named {
        return facts::team(app, org, named).await;
    }
    let mut tx = tenant::begin(&app.reads, org).await?;
    let first = team_list::page(&mut tx, org, (false, 0), 1).await?;
    let first = first.into_iter().next().map(|row| row.team);
    first.ok_or_else(|| Problem::refused(&TeamError::NotFound))
}

async fn history(
    app: &App,
    org: OrgId,
    client: ClientId,
    lead: Option<LeadId>,
) -> Result<History, Problem> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    Ok(booking_list::history(&mut tx, org, Some(client), lead).await?)
}
