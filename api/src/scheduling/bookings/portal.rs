//! A client asks for a visit at their portal: a new one, or one like an earlier one a week later.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Days, Utc};
use chrono_tz::Tz;
use commands::{CommandError, Context, Done};
use domain::billing::plan::Counted;
use domain::customers::client::Details as Client;
use domain::id::{AddressId, BookingId, ClientId, LeadId, OrgId, TeamId};
use domain::sales::estimate::CleaningType;
use domain::sales::lead::{Details as LeadDetails, Lead, LeadError};
use domain::scheduling::booking::addons::{Offered, cents};
use domain::scheduling::booking::{
    BookingCommand, BookingError, Crew, Details as Booking, Origin, Request,
};
use domain::scheduling::search;
use domain::scheduling::team::{Details as Team, TeamError};
use domain::scheduling::terms::risk::History;
use domain::scheduling::window::Window;
use projections::scheduling::booking_list;
use projections::tenant;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::{facts, instants, slots};
use super::own::must_own;
use super::{addons, deposit, free, public};
use crate::answer::Answer;
use crate::billing::{add_booking, over_limit};
use crate::command::CommandRequest;
use crate::customers::survivor;
use crate::extract::Path;
use crate::identity::PortalCaller;
use crate::pricing::InForce;
use crate::problem::Problem;
use crate::route::{Routes, client};
use crate::state::{App, AppState};

/// How long a visit takes if nobody says otherwise.
const USUAL_MINUTES: u32 = 120;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(book_own), client().action("booking.create"))
        .add(routes!(repeat_own), client().action("booking.repeat"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "starts_at": "2030-03-04T10:00:00", "duration_minutes": 120, "service_type": "standard" })))]
struct OwnVisit {
    /// One of `/v1/client/slots`, or as the clock of the organisation shows it.
    starts_at: String,
    /// 1 to 10080; 120 if left out.
    duration_minutes: Option<u32>,
    /// A request of theirs for an offer: its estimate is what the visit costs.
    #[schema(value_type = Option<String>)]
    lead_id: Option<LeadId>,
    /// By which team; any that is free if left out.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// `standard`, `deep`, `move_out_empty` or `move_in_empty`.
    #[schema(value_type = Option<String>)]
    service_type: Option<CleaningType>,
    /// One of one's own addresses; the first if left out.
    #[schema(value_type = Option<String>)]
    address_id: Option<AddressId>,
}

/// Ask for a visit: its time is taken from then on
#[utoipa::path(
    post,
    path = "/v1/client/bookings",
    tag = "portal",
    request_body = OwnVisit,
    responses(
        (status = 201, description = "The visit, `PENDING` until it is confirmed; a deposit is paid at `checkout_url`", content_type = "application/json"),
        (status = 402, description = "`plan.booking_limit`"),
        (status = 404, description = "`lead.not_found`, `team.not_found` or `client.address_not_found`"),
        (status = 409, description = "`slot_taken`; `conflicts` says what is there")
    )
)]
async fn book_own(
    State(app): State<AppState>,
    caller: PortalCaller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let wanted: OwnVisit = request.body()?;
    let (context, org) = (caller.context(&request), caller.org);
    let client = survivor::known(&app, org, ClientId::from(caller.holder)).await?;
    let zone = app.settings.of(&app, org).await?.zone;
    let starts_at = instants::read("starts_at", &wanted.starts_at, zone)?;
    let window = instants::visit(starts_at, wanted.duration_minutes.unwrap_or(USUAL_MINUTES))?;
    let lead = match wanted.lead_id {
        Some(lead) => Some(own_lead(&app, org, &client, lead).await?),
        None => None,
    };
    let submitted = lead.as_ref().map(|lead| &lead.submitted);
    let service = wanted.service_type;
    let service = service.or_else(|| submitted.map(|asked| asked.structured_inputs.cleaning_type));
    let estimate = submitted.map(|asked| &asked.estimate);
    let (address, place) = place(&client, wanted.address_id)?;
    let at_lead = || Some(submitted?.contact.open()?.address.chars().take(500).collect());
    let visit = Visit {
        client: &client,
        lead: wanted.lead_id,
        teams: match wanted.team_id {
            Some(team) => vec![facts::team(&app, org, team).await?],
            None => slots::active(&app.reads, org).await?,
        },
        window,
        service,
        total_cents: estimate.map(|estimate| estimate.total_cents),
        price_book: estimate
            .map(|one| format!("{}/{}", one.pricing_config_id, one.pricing_config_version)),
        addons: Vec::new(),
        address,
        place: place.or_else(at_lead),
        holds: app.prices.of(&app, org).await?,
        zone,
    };
    Ok(Answer::done(&visit.book(&app, &context).await?).created())
}

/// Ask for the same visit a week later, or as many weeks later as make it still to come, under the terms of today
#[utoipa::path(
    post,
    path = "/client/orders/{order_id}/repeat",
    tag = "portal",
    params(("order_id" = Uuid, Path)),
    responses(
        (status = 201, description = "The new visit, with a deposit of its own", content_type = "application/json"),
        (status = 402, description = "`plan.booking_limit`"),
        (status = 409, description = "`slot_taken`; `conflicts` says what is there")
    )
)]
async fn repeat_own(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let (context, org) = (caller.context(&request), caller.org);
    let before = must_own(&app, &caller, id).await?;
    let client = survivor::known(&app, org, ClientId::from(caller.holder)).await?;
    let zone = app.settings.of(&app, org).await?.zone;
    let holds = app.prices.of(&app, org).await?;
    let asked = &before.requested;
    let addons = same_addons(&holds, &before);
    let beside = cents(addons.iter().map(|one| &one.line));
    let soonest = holds.book.policies.scheduling.earliest(app.now());
    let visit = Visit {
        client: &client,
        lead: asked.lead,
        teams: the_same_first(slots::active(&app.reads, org).await?, before.placement.team),
        window: weeks_later(before.placement.window, zone, soonest),
        service: asked.service,
        total_cents: asked.base_cents().map(|base| base.saturating_add(beside)),
        price_book: asked.price_book.clone(),
        addons,
        address: before.address,
        place: asked.place.as_ref().and_then(|place| place.open().cloned()),
        holds,
        zone,
    };
    Ok(Answer::done(&visit.book(&app, &context).await?).created())
}

/// The next week in which it would not begin before `soonest`, at the same time on the clock of the organisation, whatever the
/// nights in between do to it.
fn weeks_later(before: Window, zone: Tz, soonest: DateTime<Utc>) -> Window {
    let local = before.starts_at.with_timezone(&zone).naive_local();
    let behind = u64::try_from((soonest - before.starts_at).num_weeks()).unwrap_or(0);
    let of_weeks = |weeks: u64| {
        let day = local.date().checked_add_days(Days::new(7 * weeks)).unwrap_or(local.date());
        Window::of_minutes(search::instant(day, local.time(), zone), before.minutes())
    };
    // Changing clocks, it may be a week more than were counted.
    let soon = |weeks: &u64| of_weeks(*weeks).starts_at >= soonest;
    let first = behind.max(1);
    of_weeks((first..first + 3).find(soon).unwrap_or(first))
}

fn the_same_first(mut teams: Vec<Team>, team: TeamId) -> Vec<Team> {
    teams.sort_by_key(|one| one.team_id != team);
    teams
}

/// Those extras that are still offered, as they are today.
fn same_addons(holds: &InForce, before: &Booking) -> Vec<Offered> {
    let offered = before
        .addons
        .iter()
        .filter_map(|line| addons::offered(&holds.book, line.addon_id.into(), line.qty).ok());
    offered.filter(|one| one.is_active).collect()
}

/// A request for an offer is theirs if they came by it: from then on they are its client; or if it came from their address.
async fn own_lead(
    app: &App,
    org: OrgId,
    client: &Client,
    id: LeadId,
) -> Result<LeadDetails, Problem> {
    let found = app.bus.load::<Lead>(org, &id.to_string()).await?;
    let email = client.contact.open().map(|contact| contact.email.as_str());
    let is_theirs = |lead: &&LeadDetails| {
        let contact = lead.submitted.contact.open();
        let asked = contact.and_then(|contact| contact.email.as_deref());
        asked.and_then(domain::input::address).as_deref() == email && email.is_some()
    };
    let lead = found.state.details().filter(is_theirs);
    lead.cloned().ok_or_else(|| Problem::refused(&LeadError::NotFound))
}

/// The address that is named, else the first that people are sent to.
pub(super) fn place(
    client: &Client,
    named: Option<AddressId>,
) -> Result<(Option<AddressId>, Option<String>), Problem> {
    let active = |id: AddressId| {
        client.addresses.iter().any(|one| one.address_id == id && one.archived_at.is_none())
    };
    if let Some(id) = named
        && !active(id)
    {
        let refusal = domain::customers::client::ClientError::AddressNotFound;
        return Err(Problem::refused(&refusal));
    }
    let mut all = client.addresses.iter().filter(|one| one.archived_at.is_none());
    let found = all.find(|one| named.is_none_or(|id| one.address_id == id));
    Ok(found.map_or((None, None), |one| {
        let text = one.address.open().map(|address| address.text.clone());
        (Some(one.address_id), text)
    }))
}

/// What somebody in the portal wishes for.
struct Visit<'a> {
    client: &'a Client,
    lead: Option<LeadId>,
    /// In the order in which they are asked.
    teams: Vec<Team>,
    window: Window,
    service: Option<CleaningType>,
    total_cents: Option<i64>,
    price_book: Option<String>,
    addons: Vec<Offered>,
    address: Option<AddressId>,
    place: Option<String>,
    holds: Arc<InForce>,
    zone: Tz,
}

impl Visit<'_> {
    /// Asks the log for one team after another.
    async fn book(&self, app: &App, context: &Context) -> Result<Done, Problem> {
        let org = context.org;
        // The same for a repetition, which must be told of the same visit.
        let id = BookingId::from(context.request.derived_id("booking"));
        let repeated = context.request.keyed
            && app.bus.lookup(org, context.request.command_id).await?.is_some();
        let policy = &self.holds.book.policies.scheduling;
        let wish = free::Wish { window: self.window, zone: self.zone, policy };
        let teams = self.teams.clone();
        let teams = if repeated { teams } else { free::teams(app, org, teams, (wish, id)).await? };
        let mut tx = tenant::begin(&app.reads, org).await?;
        let client = Some(self.client.client_id);
        let history = booking_list::history(&mut tx, org, client, self.lead).await?;
        drop(tx);
        let one_more = add_booking(&app.bus, org, app.now()).await?;
        let mut lost = Vec::new();
        for team in teams {
            let request = self.request(app, (id, team.team_id), history.clone());
            let command = BookingCommand::Request(Box::new(request));
            let mut context = context.clone();
            context.beside.push(one_more.clone());
            let starts_at = self.window.starts_at;
            context.beside.extend(facts::hold_day(policy, team.team_id, starts_at, self.zone));
            let done = app.bus.create(&context, &id.to_string(), command, public::receipt).await;
            match done {
                Err(CommandError::SlotTaken { detail }) => {
                    lost.extend(facts::lost(&detail, team.team_id));
                }
                Err(CommandError::Refused(BookingError::Hindered(found))) => lost.extend(found),
                Err(error) if facts::is_day_full(&error) => {}
                Ok(done) => return deposit::open_checkout_or_waive(app, &context, id, done).await,
                Err(error) => return Err(over_limit(error, Counted::Bookings)),
            }
        }
        if self.teams.is_empty() {
            return Err(Problem::refused(&TeamError::NotFound));
        }
        Err(facts::no_longer_free(&lost))
    }

    fn request(
        &self,
        app: &App,
        (booking_id, team): (BookingId, TeamId),
        history: History,
    ) -> Request {
        Request {
            booking_id,
            origin: Origin::Client,
            client: Some(self.client.client_id),
            lead: self.lead,
            address: self.address,
            subscription: None,
            place: self.place.clone(),
            missing_contact: Vec::new(),
            is_blocked: self.client.blocked.is_some(),
            block_override: None,
            team,
            crew: Crew::default(),
            window: self.window,
            service: self.service,
            total_cents: self.total_cents,
            price_book: self.price_book.clone(),
            addons: self.addons.clone(),
            obstacles: Vec::new(),
            forced: None,
            history,
            policies: self.holds.book.policies.clone(),
            decided_by: self.holds.prices.name(),
            named_deposit_cents: None,
            unpayable: deposit::unpayable(app),
            now: app.now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::America::Edmonton;

    use super::*;

    #[test]
    fn what_is_asked_for_once_more_is_still_to_come_and_at_the_same_time_of_day() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        // Ten in the morning of a Friday, nine days before clocks go forward.
        let visit = Window::of_minutes(at("2027-03-05T17:00:00Z"), 90);
        for (soonest, expected) in [
            ("2027-03-01T00:00:00Z", "2027-03-12T17:00:00Z"),
            ("2027-03-12T17:00:00Z", "2027-03-12T17:00:00Z"),
            ("2027-03-12T17:00:01Z", "2027-03-19T16:00:00Z"),
            ("2027-03-19T16:30:00Z", "2027-03-26T16:00:00Z"),
            ("2027-11-12T16:30:00Z", "2027-11-12T17:00:00Z"),
        ] {
            let next = weeks_later(visit, Edmonton, at(soonest));
            assert_eq!((next.starts_at, next.minutes()), (at(expected), 90), "{soonest}");
        }
    }
}
