//! The terms on a page where they can be changed, one section at a time.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use super::shape::Book;
use super::term::{Kind, SECTIONS, Section, Term};
use super::terms::{MONTHS, typed};
use crate::api::Command;
use crate::failure::{Failure, Refusal};
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::page::{self, Frame};
use crate::typed::Typed;
use crate::visitor::Staff;
use crate::{Site, SiteState, shown, token};

/// Needed to change terms.
pub(super) const MANAGE: &[&str] = &["policies.manage"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/prices/terms", get(show)).route("/prices/terms/{section}", post(change))
}

/// A term as a form asks for it.
struct Input {
    term: &'static Term,
    /// In the form and in the answers of the API: `deposit.percent`.
    name: String,
    /// What stands in it.
    value: String,
    /// Ticked, if it is a tick.
    is_ticked: bool,
    /// Of months only: name, what it is called, and whether it is ticked.
    months: Vec<(String, &'static str, bool)>,
    problem: Option<String>,
}

impl Input {
    fn of(section: &Section, term: &'static Term, value: &Value, form: &Form) -> Self {
        let name = format!("{}.{}", section.name, term.name);
        let is_sent = !form.name.is_empty();
        let month = |number: usize| format!("{name}.{number}");
        let months = match term.kind {
            Kind::Months => (1..).zip(MONTHS).collect(),
            _ => Vec::new(),
        };
        let stands = |number: usize| {
            let all = value.as_array().into_iter().flatten();
            all.filter_map(Value::as_u64).any(|one| usize::try_from(one) == Ok(number))
        };
        let months = months.into_iter().map(|(number, label)| {
            let own = month(number);
            let is_ticked = if is_sent { form.has(&own) } else { stands(number) };
            (own, label, is_ticked)
        });
        Self {
            term,
            value: if is_sent {
                form.fields.raw(&name).to_owned()
            } else {
                typed(term.kind, value)
            },
            is_ticked: if is_sent { form.has(&name) } else { value == &Value::Bool(true) },
            months: months.collect(),
            problem: form.error(&name),
            name,
        }
    }

    const fn is_tick(&self) -> bool {
        matches!(self.term.kind, Kind::Yes)
    }

    /// Whether it needs the width of the page.
    const fn is_wide(&self) -> bool {
        matches!(self.term.kind, Kind::Words | Kind::Certificates | Kind::Months | Kind::List)
    }

    const fn is_long(&self) -> bool {
        matches!(self.term.kind, Kind::Words | Kind::Certificates)
    }

    /// What it is called, with its unit.
    fn label(&self) -> String {
        match self.term.kind {
            Kind::Dollars => format!("{}, dollars", self.term.label),
            Kind::Share | Kind::Percent => format!("{}, percent", self.term.label),
            _ => self.term.label.to_owned(),
        }
    }

    /// How browsers ask for it.
    const fn attributes(&self) -> &'static str {
        match self.term.kind {
            Kind::Number | Kind::Percent => "type=number min=0 step=1 required",
            Kind::Limit => "type=number min=1 step=1",
            Kind::Dollars | Kind::Share | Kind::Decimal => "inputmode=decimal required",
            Kind::Words => "maxlength=500 rows=2",
            Kind::Certificates => "rows=4",
            Kind::Yes | Kind::List | Kind::Months => "",
        }
    }
}

/// A section with a form of its own.
struct Part {
    section: &'static Section,
    inputs: Vec<Input>,
    /// Whether it was just saved.
    saved: bool,
    form: Form,
}

#[derive(Template)]
#[template(path = "terms.html")]
struct TermsPage {
    frame: Frame,
    book: Book,
    parts: Vec<Part>,
    version: String,
    key: String,
    may_manage: bool,
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    page::show(&find(&site, &staff, fields.get("saved"), Form::default()).await?)
}

async fn find(site: &Site, staff: &Staff, saved: &str, form: Form) -> Result<TermsPage, Failure> {
    let (book, policies) = tokio::try_join!(
        site.api.query(staff, &["v1", "admin", "price-book"], &[]),
        site.api.query(staff, &["v1", "admin", "booking-policies"], &[]),
    )?;
    let version = policies.version.clone().unwrap_or_default();
    let policies: Value = policies.read()?;
    let part = |section: &'static Section| {
        let form = form.of(section.name);
        // What the API does not tell cannot be changed either.
        let told = section.terms.iter().filter_map(|term| {
            let value = policies[section.name].get(term.name)?;
            Some(Input::of(section, term, value, form))
        });
        let (inputs, saved) = (told.collect(), saved == section.name);
        Part { section, inputs, saved, form: form.clone() }
    };
    Ok(TermsPage {
        frame: Frame::staff(staff, "prices", book.stale),
        book: book.read()?,
        parts: SECTIONS.iter().map(part).filter(|part| !part.inputs.is_empty()).collect(),
        version,
        key: token::submission_key(),
        may_manage: staff.session.may(MANAGE),
    })
}

async fn change(
    State(site): State<SiteState>,
    Path(section): Path<String>,
    form: StaffForm,
) -> Answer {
    let section = SECTIONS.iter().find(|one| one.name == section).ok_or(Failure::NotFound)?;
    let StaffForm { staff, fields } = form;
    let done = async {
        let (body, path) = (read(section, &fields)?, ["v1", "admin", "booking-policies"]);
        let (key, version) = (fields.get("key"), fields.get("version"));
        let command = Command { method: Method::PATCH, path: &path, body, key, version };
        site.api.command(&staff, command).await
    };
    let failure = match done.await {
        Ok(_) => {
            let name = section.name;
            return Ok(page::go_to(&format!("/prices/terms?saved={name}#{name}")));
        }
        Err(failure) if failure.is_refused_here() => failure,
        Err(failure) => return Err(failure),
    };
    let is_conflict = failure.refusal().is_some_and(Refusal::is_conflict);
    let status = if is_conflict { StatusCode::CONFLICT } else { failure.status() };
    let form = Form::new(section.name, fields).refused(&failure);
    page::show_as(status, &find(&site, &staff, "", form).await?)
}

/// What was typed, as the API takes it.
fn read(section: &Section, fields: &Fields) -> Result<Value, Failure> {
    let mut form = Typed::new(fields);
    let mut body = Map::new();
    for term in section.terms {
        let name = format!("{}.{}", section.name, term.name);
        let value = value(term.kind, &name, fields, &mut form);
        body.insert(term.name.to_owned(), value);
    }
    form.read(json!({ section.name: body }))
}

fn value(kind: Kind, name: &str, fields: &Fields, form: &mut Typed<'_>) -> Value {
    let value = match kind {
        Kind::Yes => return fields.filled(name).is_some().into(),
        Kind::Words => return fields.filled(name).into(),
        Kind::Limit => return form.number::<u32>(name),
        Kind::List => return items(fields.get(name)).into(),
        Kind::Months => {
            let ticked = fields.ticked(&format!("{name}."));
            return ticked.iter().filter_map(|one| one.parse::<u8>().ok()).collect();
        }
        Kind::Certificates => return certificates(name, fields, form),
        Kind::Dollars => return form.cents(name),
        Kind::Share => form.percent(name),
        Kind::Percent | Kind::Number => form.number::<u32>(name),
        Kind::Decimal => {
            let thousandths = form.units(name, 3);
            let text = thousandths.as_i64().map(|units| shown::decimal(units, 3));
            let number = text.and_then(|text| text.parse::<f64>().ok());
            number.map_or(Value::Null, Value::from)
        }
    };
    if fields.filled(name).is_none() {
        form.wrong(name, "Write a number");
    }
    value
}

/// What stands between commas.
fn items(text: &str) -> Vec<&str> {
    text.split([',', '\n']).map(str::trim).filter(|one| !one.is_empty()).collect()
}

/// A skill, a colon, and its certificates on each line.
fn certificates(name: &str, fields: &Fields, form: &mut Typed<'_>) -> Value {
    let mut all = Map::new();
    for line in fields.get(name).lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (skill, names) = line.split_once(':').unwrap_or((line, ""));
        let (skill, names) = (skill.trim().to_lowercase().replace([' ', '-'], "_"), items(names));
        if skill.is_empty() || names.is_empty() {
            form.wrong(name, "Write a skill, a colon and its certificates on each line");
            return Value::Null;
        }
        all.insert(skill, names.into());
    }
    all.into()
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

    fn section(name: &str) -> &'static Section {
        SECTIONS.iter().find(|one| one.name == name).unwrap()
    }

    #[test]
    fn what_was_typed_is_told_in_the_units_of_the_api() {
        let typed = fields(&[
            ("workers.hourly_rate_cents", "27.50"),
            ("workers.idle_days", "14"),
            ("workers.long_idle_days", "28"),
            ("workers.latest_ratings", "5"),
            ("workers.rating_drop", "0.75"),
            (
                "workers.required_certificates",
                "Deep clean: Chemical Handling, First Aid\r\n\r\nx: Y",
            ),
        ]);
        let said = json!({ "workers": {
            "hourly_rate_cents": 2_750, "idle_days": 14, "long_idle_days": 28, "latest_ratings": 5,
            "rating_drop": 0.75,
            "required_certificates": { "deep_clean": ["Chemical Handling", "First Aid"], "x": ["Y"] },
        }});
        assert_eq!(read(section("workers"), &typed).unwrap(), said);
        let ways = fields(&[
            ("ways.winter_multiplier", "1.2"),
            ("ways.winter_minutes", "5"),
            ("ways.downtown_minutes", "0"),
            ("ways.winter_months.12", "on"),
            ("ways.winter_months.2", "on"),
        ]);
        let mut said = read(section("ways"), &ways).unwrap();
        let mut months = said["ways"]["winter_months"].take().as_array().unwrap().clone();
        months.sort_by_key(Value::as_u64);
        assert_eq!(months, [json!(2), json!(12)]);
        assert_eq!(said["ways"]["winter_multiplier"], 1.2);
    }

    #[test]
    fn what_cannot_be_read_is_told_beside_its_field() {
        let typed = fields(&[
            ("workers.hourly_rate_cents", "plenty"),
            ("workers.idle_days", ""),
            ("workers.long_idle_days", "28"),
            ("workers.latest_ratings", "5"),
            ("workers.rating_drop", "half"),
            ("workers.required_certificates", "ladders"),
        ]);
        let failure = read(section("workers"), &typed).unwrap_err();
        let errors = &failure.refusal().unwrap().errors;
        let named: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(
            named,
            [
                "workers.hourly_rate_cents",
                "workers.idle_days",
                "workers.rating_drop",
                "workers.required_certificates",
            ]
        );
    }

    #[test]
    fn a_limit_that_is_empty_is_none() {
        let typed = fields(&[
            ("scheduling.slot_duration_minutes", "30"),
            ("scheduling.buffer_minutes", "15"),
            ("scheduling.lead_time_hours", "0"),
            ("scheduling.horizon_days", "365"),
            ("scheduling.max_bookings_per_day", ""),
        ]);
        let body = read(section("scheduling"), &typed).unwrap();
        assert_eq!(body["scheduling"]["max_bookings_per_day"], Value::Null);
    }
}
