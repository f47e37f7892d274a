//! Time off: when the organisation, a team or a worker takes no visits; and the days off of the organisation on a page.

mod days;

use askama::Template;
use axum::Router;
use axum::http::Method;
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Command, Reply};
use crate::failure::Failure;
use crate::form::{Fields, Form};
use crate::moment::Moment;
use crate::own::Own;
use crate::teams::shape::Team;
use crate::typed::Typed;
use crate::visitor::Staff;
use crate::{Site, SiteState, teams};

/// What one of these is needed for: to take time off, and to take it back.
pub(crate) const PLANS: &[&str] = &["settings.manage", "schedule.blocking.manage"];

/// So far ahead is shown.
const AHEAD: Days = Days::new(366);

/// More pages than anybody reads.
const PAGES: usize = 10;

pub(crate) fn routes() -> Router<SiteState> {
    days::routes()
}

/// Whose time it is.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    Everybody,
    Team(&'a str),
    Worker(&'a str),
}

impl<'a> Whose<'a> {
    const fn scope(self) -> &'static str {
        match self {
            Self::Everybody => "org",
            Self::Team(_) => "team",
            Self::Worker(_) => "worker",
        }
    }

    const fn id(self) -> Option<&'a str> {
        match self {
            Self::Everybody => None,
            Self::Team(id) | Self::Worker(id) => Some(id),
        }
    }

    /// Of a team; empty for everybody and of a worker.
    const fn team(self) -> &'a str {
        match self {
            Self::Team(id) => id,
            Self::Everybody | Self::Worker(_) => "",
        }
    }

    /// What it can be, and what that is called.
    const fn kinds(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Everybody => {
                &[("holiday", "Holiday"), ("training", "Training"), ("blackout", "No visits")]
            }
            Self::Team(_) => {
                &[("blackout", "No visits"), ("vacation", "Vacation"), ("training", "Training")]
            }
            Self::Worker(_) => {
                &[("vacation", "Vacation"), ("sick", "Sick"), ("training", "Training")]
            }
        }
    }
}

/// Time that somebody has off.
#[derive(Deserialize)]
pub(crate) struct Block {
    #[serde(rename = "block_id")]
    pub(crate) id: String,
    scope_id: Option<String>,
    #[serde(rename = "block_type")]
    kind: String,
    pub(crate) starts_at: Moment,
    pub(crate) ends_at: Moment,
    pub(crate) reason: Option<String>,
    /// The first visits that are to be made then.
    #[serde(default)]
    pub(crate) clashes: Vec<Clash>,
    #[serde(default)]
    clashes_total: usize,
}

/// A visit in the way.
#[derive(Deserialize)]
pub(crate) struct Clash {
    pub(crate) booking_id: String,
    pub(crate) starts_at: Moment,
    team_id: String,
    crew: Vec<String>,
}

impl Clash {
    /// Who goes, as far as that may be known.
    pub(crate) fn who(&self, teams: &[Team]) -> String {
        let team = teams.iter().find(|team| team.id == self.team_id);
        let people = match self.crew.len() {
            0 => "nobody named".to_owned(),
            1 => "1 worker".to_owned(),
            many => format!("{many} workers"),
        };
        team.map_or_else(|| people.clone(), |team| format!("{}, {people}", team.name))
    }
}

impl Block {
    /// Visits in the way that are not named one by one.
    pub(crate) const fn more(&self) -> usize {
        self.clashes_total.saturating_sub(self.clashes.len())
    }

    pub(crate) fn what(&self) -> &str {
        match self.kind.as_str() {
            "holiday" => "Holiday",
            "vacation" => "Vacation",
            "sick" => "Sick",
            "training" => "Training",
            "blackout" => "No visits",
            other => other,
        }
    }
}

/// The part of a page about somebody's time off.
#[derive(Template)]
#[template(path = "time_off_part.html")]
pub(crate) struct Part {
    blocks: Vec<Block>,
    /// Who goes to visits that are in the way.
    teams: Vec<Team>,
    kinds: &'static [(&'static str, &'static str)],
    /// Where its forms lead.
    here: String,
    csrf: String,
    key: String,
    may_plan: bool,
    /// Of one worker no reason is kept.
    takes_reason: bool,
    form: Form,
}

impl Part {
    /// What is to come, from today on.
    pub(crate) async fn of(
        site: &Site,
        (staff, own): (&Staff, &Own),
        (whose, here): (Whose<'_>, String),
        (key, form): (&str, &Form),
    ) -> Result<Self, Failure> {
        let blocks = ahead(site, staff, own.today, whose).await?;
        let clash = blocks.iter().any(|block| !block.clashes.is_empty());
        Ok(Self {
            blocks,
            teams: if clash { teams::all(site, staff).await? } else { Vec::new() },
            kinds: whose.kinds(),
            here,
            csrf: staff.session.csrf.clone(),
            key: key.to_owned(),
            may_plan: staff.session.may(PLANS),
            takes_reason: !matches!(whose, Whose::Worker(_)),
            form: form.of("time-off").clone(),
        })
    }
}

/// Theirs alone; the API knows no list of one worker.
async fn ahead(
    site: &Site,
    staff: &Staff,
    today: NaiveDate,
    whose: Whose<'_>,
) -> Result<Vec<Block>, Failure> {
    let mut found = Vec::new();
    if !staff.session.may(&["bookings.view"]) {
        return Ok(found);
    }
    let until = today.checked_add_days(AHEAD).unwrap_or(today);
    let (from, to) = (today.to_string(), until.to_string());
    let mut cursor = String::new();
    for _ in 0..PAGES {
        let asked = [
            ("from", from.as_str()),
            ("to", &to),
            ("scope", whose.scope()),
            ("team_id", whose.team()),
            ("clashes", "true"),
            ("limit", "200"),
            ("cursor", &cursor),
        ];
        let path = ["v1", "admin", "availability-blocks"];
        let reply = site.api.query(staff, &path, &asked).await?;
        let next = reply.next_cursor.clone();
        let page: Vec<Block> = reply.read()?;
        found.extend(page.into_iter().filter(|one| one.scope_id.as_deref() == whose.id()));
        let Some(next) = next else { break };
        cursor = next;
    }
    Ok(found)
}

/// Takes time off.
pub(crate) async fn declare(
    site: &Site,
    staff: &Staff,
    whose: Whose<'_>,
    fields: &Fields,
) -> Result<Reply, Failure> {
    let body = terms(whose, fields)?;
    let path = ["v1", "admin", "availability-blocks"];
    site.api.command(staff, Command::post(&path, body, fields.get("key"))).await
}

/// Takes it back.
pub(crate) async fn cancel(
    site: &Site,
    staff: &Staff,
    block: &str,
    fields: &Fields,
) -> Result<Reply, Failure> {
    let path = ["v1", "admin", "availability-blocks", block];
    let key = fields.get("key");
    let command =
        Command { method: Method::DELETE, path: &path, body: json!({}), key, version: "" };
    site.api.command(staff, command).await
}

/// Whole days, or from and to a time of day, on the clock of the organisation.
fn terms(whose: Whose<'_>, fields: &Fields) -> Result<Value, Failure> {
    let mut typed = Typed::new(fields);
    let first: Option<NaiveDate> = fields.get("first_day").parse().ok();
    if first.is_none() {
        typed.wrong("first_day", "Choose the first day");
    }
    let last = match fields.filled("last_day") {
        Some(day) => day.parse().ok(),
        None => first,
    };
    let (from, until) = (fields.filled("from_time").unwrap_or("00:00"), fields.filled("to_time"));
    let end = match (last, until) {
        (Some(last), Some(time)) => Some(format!("{last}T{time}")),
        (Some(last), None) => last.succ_opt().map(|after| format!("{after}T00:00")),
        (None, _) => None,
    };
    let start = first.map(|first| format!("{first}T{from}"));
    // Both are written alike, so that the texts are in the order of time.
    if start.is_some() && end <= start {
        typed.wrong("last_day", "It ends later than it begins");
    }
    let mut body = json!({
        "scope_type": whose.scope(), "block_type": fields.get("block_type"), "starts_at": start, "ends_at": end,
    });
    if let Some(id) = whose.id() {
        body["scope_id"] = id.into();
    }
    if let Some(reason) = fields.filled("reason") {
        body["reason"] = reason.into();
    }
    typed.read(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in pairs {
            fields.set(name, *value);
        }
        fields
    }

    #[test]
    fn a_day_off_ends_with_the_day() {
        let typed =
            fields(&[("first_day", "2030-12-25"), ("block_type", "holiday"), ("reason", "")]);
        let body = terms(Whose::Everybody, &typed).unwrap();
        let said = json!({
            "scope_type": "org", "block_type": "holiday", "starts_at": "2030-12-25T00:00",
            "ends_at": "2030-12-26T00:00",
        });
        assert_eq!(body, said);
    }

    #[test]
    fn a_few_hours_are_told_by_the_clock() {
        let typed = fields(&[
            ("first_day", "2030-12-24"),
            ("from_time", "14:00"),
            ("to_time", "16:30"),
            ("block_type", "training"),
        ]);
        let body = terms(Whose::Worker("0198"), &typed).unwrap();
        assert_eq!(body["starts_at"], "2030-12-24T14:00");
        assert_eq!(body["ends_at"], "2030-12-24T16:30");
        assert_eq!(body["scope_id"], "0198");
    }

    #[test]
    fn what_ends_before_it_begins_is_told_beside_its_field() {
        let backwards = [("first_day", "2030-12-24"), ("last_day", "2030-12-23")];
        let early = [("first_day", "2030-12-24"), ("from_time", "14:00"), ("to_time", "13:00")];
        for typed in [&backwards[..], &early[..]] {
            let failure = terms(Whose::Everybody, &fields(typed)).unwrap_err();
            assert_eq!(failure.refusal().unwrap().errors[0].field, "last_day");
        }
        let never = terms(Whose::Everybody, &fields(&[])).unwrap_err();
        assert_eq!(never.refusal().unwrap().errors[0].field, "first_day");
    }
}
