//! Taking a visit down: for whom, where, what, when, and by whom.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::choices::{self, ADDON, CREW, Choices};
use crate::api::Command;
use crate::called::CLEANING;
use crate::failure::{Failure, Refusal};
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::own::{self, Own};
use crate::page::{self, Frame};
use crate::shown::{self, Dollars};
use crate::typed::Typed;
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/bookings/new", get(show).post(sent))
}

#[derive(Template)]
#[template(path = "booking_new.html")]
struct NewPage {
    frame: Frame,
    form: Form,
    choices: Choices,
    key: String,
}

impl NewPage {
    /// Whether somebody who is blocked is to be visited after all.
    fn needs_override(&self) -> bool {
        self.choices.who.client.as_ref().is_some_and(|client| client.is_blocked)
            || self.form.has("override_reason")
    }
}

/// What a home of that size costs by the rates of the organisation.
#[derive(Deserialize)]
struct Estimate {
    time_on_site_hours: f64,
    total_before_tax: Dollars,
}

#[derive(Deserialize)]
struct Made {
    booking_id: String,
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    staff.must(&["bookings.edit"])?;
    let own = own::of(&site, &staff).await?;
    choose(&site, (&staff, &own), Form::new("new", fields), StatusCode::OK).await
}

/// The form with everything that was filled in, and what can be chosen next.
async fn choose(
    site: &Site,
    (staff, own): (&Staff, &Own),
    mut form: Form,
    status: StatusCode,
) -> Answer {
    if !form.has("date") {
        form.fields.set("date", own.today.to_string());
    }
    let choices = Choices::of(site, (staff, own), &mut form).await?;
    let frame = Frame::staff(staff, "bookings", false);
    page::show_as(status, &NewPage { frame, form, choices, key: token::submission_key() })
}

async fn sent(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let StaffForm { staff, fields } = form;
    let own = own::of(&site, &staff).await?;
    let mut form = Form::new("new", fields);
    let outcome = match form.value("step") {
        "book" => book(&site, &staff, &form.fields).await.map(Some),
        "price" => price(&site, &own, &mut form).await.map(|()| None),
        // The client that was chosen is not the one that is looked for.
        "find" => {
            form.fields.set("client_id", "");
            Ok(None)
        }
        _ => Ok(None),
    };
    match outcome {
        Ok(Some(made)) => Ok(page::go_to(&format!("/bookings/{}?saved=1", made.booking_id))),
        Ok(None) => choose(&site, (&staff, &own), form, StatusCode::OK).await,
        Err(failure) if failure.is_refused_here() => {
            let status = failure.status();
            let form = explained(form.refused(&failure), &failure);
            choose(&site, (&staff, &own), form, status).await
        }
        Err(failure) => Err(failure),
    }
}

/// A new client is an object to the API, three fields of the form to people.
fn explained(mut form: Form, failure: &Failure) -> Form {
    for error in &mut form.errors {
        if let Some(own) = error.field.strip_prefix("client.") {
            error.field = own.to_owned();
        }
    }
    if failure.refusal().is_some_and(Refusal::is_key_reused) {
        "Something else was sent from this very page before. Nothing was written; send it again."
            .clone_into(&mut form.message);
    }
    form
}

async fn book(site: &Site, staff: &Staff, fields: &Fields) -> Result<Made, Failure> {
    let path = ["v1", "admin", "schedule", "quick-create"];
    let command = Command::post(&path, visit(fields)?, fields.get("key"));
    site.api.command(staff, command).await?.read()
}

/// What the form asks for; what is left empty is decided by the API.
fn visit(fields: &Fields) -> Result<Value, Failure> {
    let mut typed = Typed::new(fields);
    let at = fields.filled("other_time").or_else(|| fields.filled("starts_at"));
    if at.is_none() {
        typed.wrong("starts_at", "Choose one of the free times, or write another one");
    }
    let mut body = Map::new();
    body.insert("starts_at".to_owned(), at.into());
    body.insert("addon_ids".to_owned(), fields.ticked(ADDON).into());
    let lead = fields.get("assigned_worker_id");
    let others = fields.ticked(CREW).into_iter().filter(|one| *one != lead);
    let others: Vec<&str> = others.collect();
    if !others.is_empty() {
        body.insert("crew".to_owned(), others.into());
    }
    let numbers = [
        ("duration_minutes", typed.number::<u32>("duration_minutes")),
        ("price_cents", typed.maybe_cents("price_cents")),
        ("deposit_cents", typed.maybe_cents("deposit_cents")),
    ];
    let words = [
        "client_id",
        "address_id",
        "address_text",
        "team_id",
        "assigned_worker_id",
        "service_type",
        "service_type_id",
        "override_reason",
        "force_reason",
    ];
    let words = words.map(|name| (name, fields.filled(name).map_or(Value::Null, Value::from)));
    for (name, value) in numbers.into_iter().chain(words).filter(|(_, value)| !value.is_null()) {
        body.insert(name.to_owned(), value);
    }
    if fields.filled("address_text").is_some() {
        body.remove("address_id");
    }
    if fields.filled("client_id").is_none() {
        if fields.filled("name").or_else(|| fields.filled("email")).is_none() {
            typed.wrong("q", "Look for the client, or enter a new one");
        }
        let client = json!({
            "name": fields.get("name"), "email": fields.get("email"), "phone": fields.filled("phone"),
        });
        body.insert("client".to_owned(), client);
    }
    typed.read(body.into())
}

/// Fills in what the rates of the organisation say about a home of that size, with what is wanted beside.
async fn price(site: &Site, own: &Own, form: &mut Form) -> Result<(), Failure> {
    let addons = choices::catalogue(site, own).await?.addons;
    let wanted = || addons.iter().filter(|one| one.is_wanted(form));
    let beside: i64 = wanted().map(|one| one.price_cents).sum();
    let longer: u32 = wanted().map(|one| one.default_minutes).sum();
    let mut typed = Typed::new(&form.fields);
    let (beds, baths) = (typed.number::<u32>("beds"), typed.number::<f64>("baths"));
    let mut home = typed.read(json!({ "beds": beds, "baths": baths }))?;
    if let Some(kind) = form.fields.filled("service_type") {
        home["cleaning_type"] = kind.into();
    }
    let command = Command::post(&["v1", "estimate"], home, "");
    let estimate: Estimate = site.api.submit(&own.visitor, command).await?.read()?;
    let work = shown::cents(&estimate.total_before_tax.plain()).ok_or(Failure::Garbled)?;
    let minutes = (estimate.time_on_site_hours * 60.0).ceil() + f64::from(longer);
    form.fields.set("price_cents", shown::amount(work + beside));
    form.fields.set("duration_minutes", format!("{minutes:.0}"));
    Ok(())
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
    fn what_is_left_empty_is_not_said() {
        let sent = fields(&[
            ("client_id", "0198"),
            ("starts_at", "2030-03-04T16:00:00.000000Z"),
            ("price_cents", "1,200"),
            ("duration_minutes", ""),
            ("address_id", "0199"),
            ("address_text", "2 Elm"),
            ("addon-a", "on"),
            ("addon-b", ""),
            ("assigned_worker_id", "w1"),
            ("crew-w1", "on"),
            ("crew-w2", "on"),
        ]);
        let body = visit(&sent).unwrap();
        let said = json!({
            "client_id": "0198", "starts_at": "2030-03-04T16:00:00.000000Z", "price_cents": 120_000,
            "addon_ids": ["a"], "address_text": "2 Elm", "assigned_worker_id": "w1", "crew": ["w2"],
        });
        assert_eq!(body, said);
    }

    #[test]
    fn another_time_counts_before_a_free_one_and_a_new_client_is_one_object() {
        let sent = fields(&[
            ("name", "Sam"),
            ("email", "sam@example.org"),
            ("starts_at", "2030-03-04T16:00:00.000000Z"),
            ("other_time", "2030-03-05T07:00"),
        ]);
        let body = visit(&sent).unwrap();
        assert_eq!(body["starts_at"], "2030-03-05T07:00");
        assert_eq!(body["client"]["email"], "sam@example.org");
        assert!(body.get("client_id").is_none());
    }

    #[test]
    fn without_a_client_and_a_time_nothing_is_asked() {
        let failure = visit(&fields(&[("price_cents", "x")])).unwrap_err();
        let errors = &failure.refusal().unwrap().errors;
        let named: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(named, ["starts_at", "price_cents", "q"]);
    }
}
