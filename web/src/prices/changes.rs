//! What is changed about prices: services, extras, rates, and the draft that collects changes.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use serde_json::{Value, json};

use super::page as prices;
use super::shape::AGAIN;
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::leads::id;
use crate::typed::Typed;
use crate::{Site, SiteState, page};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/prices/services", post(add_service))
        .route("/prices/services/{id}", post(change_service))
        .route("/prices/services/{id}/extras", post(add_extra))
        .route("/prices/extras/{id}", post(change_extra))
        .route("/prices/addons", post(add_addon))
        .route("/prices/addons/{id}", post(change_addon))
        .route("/prices/rates", post(change_rates))
        .route("/prices/draft", post(open_draft))
        .route("/prices/draft/discard", post(discard_draft))
        .route("/prices/publish", post(publish))
}

/// A box that is not ticked is not sent at all.
fn ticked(fields: &Fields, name: &str) -> bool {
    fields.filled(name).is_some()
}

fn service(fields: &Fields) -> Result<Value, Failure> {
    let mut typed = Typed::new(fields);
    let mut body = json!({
        "name": fields.get("name"),
        "pricing_model": fields.get("pricing_model"),
        "base_price_cents": typed.cents("base_price_cents"),
        "active": ticked(fields, "active"),
    });
    let hour = typed.maybe_cents("hourly_rate_cents");
    let minutes = typed.number::<u32>("default_duration_minutes");
    for (name, value) in [("hourly_rate_cents", hour), ("default_duration_minutes", minutes)] {
        if !value.is_null() {
            body[name] = value;
        }
    }
    typed.read(body)
}

fn extra(fields: &Fields) -> Result<Value, Failure> {
    let mut typed = Typed::new(fields);
    let body = json!({
        "name": fields.get("name"),
        "price_cents": typed.cents("price_cents"),
        "active": ticked(fields, "active"),
    });
    typed.read(body)
}

fn addon(fields: &Fields) -> Result<Value, Failure> {
    let mut typed = Typed::new(fields);
    let mut body = json!({
        "name": fields.get("name"),
        "price_cents": typed.cents("price_cents"),
        "is_active": ticked(fields, "is_active"),
    });
    let minutes = typed.number::<u32>("default_minutes");
    if !minutes.is_null() {
        body["default_minutes"] = minutes;
    }
    typed.read(body)
}

fn rates(fields: &Fields) -> Result<Value, Failure> {
    let mut typed = Typed::new(fields);
    let discounts = AGAIN.map(|(often, field, _)| (often.to_owned(), typed.units(field, 1)));
    let discounts: Value = discounts.into_iter().collect::<serde_json::Map<_, _>>().into();
    let body = json!({
        "gst_rate": typed.percent("gst_rate"),
        "rates": {
            "hourly_rate_cents": typed.cents("rates.hourly_rate_cents"),
            "minimum_milli_hours": typed.units("rates.minimum_milli_hours", 3),
            "discount_permille": discounts,
        },
    });
    typed.read(body)
}

async fn add_service(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let body = service(&form.fields);
    send(&site, ("service", form), (Method::POST, &["service-types"]), body).await
}

async fn change_service(
    State(site): State<SiteState>,
    Path(it): Path<String>,
    form: StaffForm,
) -> Answer {
    let it = id(&it)?;
    let body = service(&form.fields);
    send(&site, (it, form), (Method::PATCH, &["service-types", it]), body).await
}

async fn add_extra(
    State(site): State<SiteState>,
    Path(it): Path<String>,
    form: StaffForm,
) -> Answer {
    let it = id(&it)?;
    let (name, body) = (format!("{it}-extra"), extra(&form.fields));
    send(&site, (&name, form), (Method::POST, &["service-types", it, "addons"]), body).await
}

async fn change_extra(
    State(site): State<SiteState>,
    Path(it): Path<String>,
    form: StaffForm,
) -> Answer {
    let it = id(&it)?;
    let body = extra(&form.fields);
    send(&site, (it, form), (Method::PATCH, &["service-addons", it]), body).await
}

async fn add_addon(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let code = form.fields.get("code").to_owned();
    let body = addon(&form.fields).map(|mut body| {
        body["code"] = code.into();
        body
    });
    send(&site, ("addon", form), (Method::POST, &["addons"]), body).await
}

async fn change_addon(
    State(site): State<SiteState>,
    Path(it): Path<String>,
    form: StaffForm,
) -> Answer {
    let it = id(&it)?;
    let body = addon(&form.fields);
    send(&site, (it, form), (Method::PATCH, &["addons", it]), body).await
}

async fn change_rates(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let body = rates(&form.fields);
    send(&site, ("rates", form), (Method::PATCH, &["pricing-settings"]), body).await
}

async fn open_draft(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let draft = (Method::POST, &["price-book", "draft"][..]);
    send(&site, ("draft", form), draft, Ok(json!({}))).await
}

async fn discard_draft(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let draft = (Method::DELETE, &["price-book", "draft"][..]);
    send(&site, ("draft", form), draft, Ok(json!({}))).await
}

async fn publish(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let book = (Method::POST, &["price-book", "publish"][..]);
    send(&site, ("draft", form), book, Ok(json!({}))).await
}

/// Sends one change; afterwards the prices are shown as they have become.
async fn send(
    site: &Site,
    (name, form): (&str, StaffForm),
    (method, what): (Method, &[&str]),
    body: Result<Value, Failure>,
) -> Answer {
    let StaffForm { staff, fields } = form;
    let path = [&["v1", "admin"], what].concat();
    let (key, version) = (fields.get("key"), fields.get("version"));
    let done = async {
        let command = Command { method, path: &path, body: body?, key, version };
        site.api.command(&staff, command).await
    };
    match done.await {
        Ok(_) => Ok(page::go_to("/prices?saved=1")),
        Err(failure) => prices::refuse(site, &staff, Form::new(name, fields), failure).await,
    }
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
    fn a_service_is_told_in_cents_and_minutes() {
        let typed = fields(&[
            ("name", "Deep"),
            ("pricing_model", "hourly"),
            ("base_price_cents", "1,020"),
            ("hourly_rate_cents", "40.5"),
            ("default_duration_minutes", "180"),
        ]);
        let said = json!({
            "name": "Deep", "pricing_model": "hourly", "base_price_cents": 102_000, "active": false,
            "hourly_rate_cents": 4_050, "default_duration_minutes": 180,
        });
        assert_eq!(service(&typed).unwrap(), said);
    }

    #[test]
    fn rates_are_told_in_the_units_of_the_api() {
        let mut typed = fields(&[
            ("gst_rate", "5"),
            ("rates.hourly_rate_cents", "40"),
            ("rates.minimum_milli_hours", "2.5"),
        ]);
        for (often, percent) in
            [("one_time", "0"), ("weekly", "10"), ("biweekly", "7.5"), ("monthly", "0")]
        {
            typed.set(&format!("discount_{often}"), percent);
        }
        let said = json!({
            "gst_rate": 0.05,
            "rates": {
                "hourly_rate_cents": 4_000, "minimum_milli_hours": 2_500,
                "discount_permille": { "one_time": 0, "weekly": 100, "biweekly": 75, "monthly": 0 },
            },
        });
        assert_eq!(rates(&typed).unwrap(), said);
        typed.set("rates.hourly_rate_cents", "forty");
        let failure = rates(&typed).unwrap_err();
        assert_eq!(failure.refusal().unwrap().errors[0].field, "rates.hourly_rate_cents");
    }
}
