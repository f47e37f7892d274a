//! What a new visit can be made of: a client, teams, workers, the price list, free times.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::Reply;
use crate::clients::choice::Choice;
use crate::failure::{Failure, or_nothing};
use crate::form::{Fields, Form};
use crate::moment::Moment;
use crate::own::Own;
use crate::teams::shape::Team;
use crate::visitor::Staff;
use crate::{Site, shown, teams};

/// How long a visit takes about which nobody has said anything.
const USUAL_MINUTES: &str = "120";

#[derive(Default, Deserialize)]
struct Workers {
    items: Vec<Worker>,
}

/// Who can go.
#[derive(Deserialize)]
pub(super) struct Worker {
    #[serde(rename = "worker_id")]
    pub(super) id: String,
    pub(super) name: String,
    team_id: i32,
}

/// Begins the name of the tick box of somebody who comes along.
pub(super) const CREW: &str = "crew-";

impl Worker {
    pub(super) fn field(&self) -> String {
        format!("{CREW}{}", self.id)
    }

    pub(super) fn is_along(&self, form: &Form) -> bool {
        form.has(&self.field())
    }
}

/// A service of the price list.
#[derive(Deserialize)]
pub(super) struct Service {
    #[serde(rename = "service_type_id")]
    pub(super) id: String,
    pub(super) name: String,
    default_duration_minutes: u32,
    base_price_cents: i64,
    hourly_rate_cents: i64,
    pricing_model: String,
}

impl Service {
    /// What it costs and how long it takes, in words.
    pub(super) fn terms(&self) -> String {
        let (base, hour) =
            (shown::amount(self.base_price_cents), shown::amount(self.hourly_rate_cents));
        let minutes = self.default_duration_minutes;
        match (self.pricing_model.as_str(), self.base_price_cents) {
            ("hourly", 0) => format!("${hour} an hour, {minutes} minutes"),
            ("hourly", _) => format!("${base} and ${hour} an hour, {minutes} minutes"),
            _ => format!("${base}, {minutes} minutes"),
        }
    }
}

/// Begins the name of the tick box of an add-on.
pub(super) const ADDON: &str = "addon-";

/// What can be cleaned beside.
#[derive(Deserialize)]
pub(super) struct Addon {
    #[serde(rename = "addon_id")]
    id: String,
    pub(super) name: String,
    pub(super) price_cents: i64,
    pub(super) default_minutes: u32,
}

impl Addon {
    pub(super) fn field(&self) -> String {
        format!("{ADDON}{}", self.id)
    }

    pub(super) fn is_wanted(&self, form: &Form) -> bool {
        form.has(&self.field())
    }

    pub(super) fn price(&self) -> String {
        shown::amount(self.price_cents)
    }
}

/// What the organisation offers.
#[derive(Deserialize)]
pub(super) struct Catalogue {
    service_types: Vec<Service>,
    pub(super) addons: Vec<Addon>,
}

pub(super) async fn catalogue(site: &Site, own: &Own) -> Result<Catalogue, Failure> {
    let path = ["v1", "settings", "service-catalog"];
    site.api.look_up(&own.visitor, &path, &[]).await?.read()
}

#[derive(Deserialize)]
struct Offer {
    slots: Vec<Moment>,
}

/// Everything that can be chosen.
pub(super) struct Choices {
    pub(super) who: Choice,
    pub(super) teams: Vec<Team>,
    pub(super) workers: Vec<Worker>,
    pub(super) services: Vec<Service>,
    pub(super) addons: Vec<Addon>,
    /// None before a day was chosen.
    pub(super) times: Option<Vec<Moment>>,
}

impl Choices {
    /// What `form` leaves to be chosen; what makes a day unusable is told beside its field.
    pub(super) async fn of(
        site: &Site,
        (staff, own): (&Staff, &Own),
        form: &mut Form,
    ) -> Result<Self, Failure> {
        let fields = &mut form.fields;
        let who = Choice::of(site, staff, fields).await?;
        let teams = teams::all(site, staff).await?;
        if fields.get("team_id").is_empty()
            && let Some(first) = teams.first()
        {
            // The API would take it by itself, but its workers and times are to be seen.
            fields.set("team_id", first.id.clone());
        }
        let Catalogue { service_types: services, addons } = catalogue(site, own).await?;
        let workers = workers(site, staff).await?;
        let minutes = minutes(fields, &services);
        let times = match times(site, own, form, &minutes).await {
            Ok(times) => times,
            Err(failure) if failure.is_about_input() => {
                told(form, &failure);
                None
            }
            Err(failure) => return Err(failure),
        };
        Ok(Self { who, teams, workers, services, addons, times })
    }

    /// The workers of the team that was chosen; all of them where that is not known.
    pub(super) fn crew(&self, form: &Form) -> Vec<&Worker> {
        let team = self.teams.iter().find(|team| form.is("team_id", &team.id));
        let goes = |one: &&Worker| team.is_none_or(|team| one.team_id == team.number);
        self.workers.iter().filter(goes).collect()
    }
}

async fn workers(site: &Site, staff: &Staff) -> Result<Vec<Worker>, Failure> {
    // Asking without the right to know would stand in the audit log.
    if !staff.session.may(&["bookings.assign"]) {
        return Ok(Vec::new());
    }
    let answer = site.api.query(staff, &["v1", "admin", "workers"], &[("limit", "200")]).await;
    let page: Workers = or_nothing(answer.and_then(Reply::read))?;
    Ok(page.items)
}

/// How long it takes: as was typed, else as the service usually does.
fn minutes(fields: &Fields, services: &[Service]) -> String {
    if let Some(typed) = fields.filled("duration_minutes") {
        return typed.to_owned();
    }
    let service = services.iter().find(|one| one.id == fields.get("service_type_id"));
    service.map_or_else(|| USUAL_MINUTES.to_owned(), |one| one.default_duration_minutes.to_string())
}

/// When the team could start on the day.
async fn times(
    site: &Site,
    own: &Own,
    form: &Form,
    minutes: &str,
) -> Result<Option<Vec<Moment>>, Failure> {
    let Ok(day) = form.value("date").parse::<NaiveDate>() else { return Ok(None) };
    let Some(next) = day.succ_opt() else { return Ok(None) };
    let (from, to) = (day.to_string(), next.to_string());
    let mut asked = vec![("from", from.as_str()), ("to", &to), ("duration_minutes", minutes)];
    if let Some(team) = form.fields.filled("team_id") {
        asked.push(("team_id", team));
    }
    let offer = site.api.look_up(&own.visitor, &["v1", "client", "slots"], &asked).await?;
    Ok(Some(offer.read::<Offer>()?.slots))
}

/// The API asks for two moments, the form for a day.
fn told(form: &mut Form, failure: &Failure) {
    for error in failure.refusal().iter().flat_map(|refusal| &refusal.errors) {
        let field =
            if matches!(error.field.as_str(), "from" | "to") { "date" } else { &error.field };
        if form.error(field).is_none() {
            *form = std::mem::take(form).with_error(field, &error.message);
        }
    }
}
