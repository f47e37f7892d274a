//! Offers: drafting, revising, sending, and what became of them.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};

use super::changes::change;
use super::{id, record};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::typed::AMOUNT;
use crate::{SiteState, moment, shown};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/leads/{id}/quotes", post(draft))
        .route("/leads/{id}/quotes/{quote}/revise", post(revise))
        .route("/leads/{id}/quotes/{quote}/followups", post(follow_up))
        .route("/leads/{id}/quotes/{quote}/{verb}", post(decide))
}

async fn draft(State(site): State<SiteState>, Path(lead): Path<String>, form: StaffForm) -> Answer {
    let path = ["v1", "admin", "leads", id(&lead)?, "quotes"];
    offer(&site, &lead, "quote", form, &path).await
}

async fn revise(
    State(site): State<SiteState>,
    Path((lead, quote)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    let path = ["v1", "admin", "leads", id(&lead)?, "quotes", id(&quote)?, "revise"];
    offer(&site, &lead, &format!("revise-{quote}"), form, &path).await
}

async fn follow_up(
    State(site): State<SiteState>,
    Path((lead, quote)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    let path = ["v1", "admin", "leads", id(&lead)?, "quotes", id(&quote)?, "followups"];
    let body = json!({ "note": form.fields.get("note") });
    change(&site, &lead, &format!("followup-{quote}"), form, Method::POST, &path, body).await
}

async fn decide(
    State(site): State<SiteState>,
    Path((lead, quote, verb)): Path<(String, String, String)>,
    form: StaffForm,
) -> Answer {
    if !matches!(verb.as_str(), "send" | "accept" | "decline") {
        return Err(Failure::NotFound);
    }
    let path = ["v1", "admin", "leads", id(&lead)?, "quotes", id(&quote)?, &verb];
    change(&site, &lead, "decide", form, Method::POST, &path, json!({})).await
}

async fn offer(
    site: &crate::Site,
    lead: &str,
    name: &str,
    form: StaffForm,
    path: &[&str],
) -> Answer {
    match terms(&form.fields) {
        Ok(body) => change(site, lead, name, form, Method::POST, path, body).await,
        Err((field, message)) => {
            let unusable = Form::new(name, form.fields).with_error(field, message);
            record::reject(site, &form.staff, lead, unusable, StatusCode::UNPROCESSABLE_ENTITY)
                .await
        }
    }
}

/// What an offer says, or which field cannot be read.
fn terms(fields: &Fields) -> Result<Value, (&'static str, &'static str)> {
    let amount = shown::cents(fields.get("amount"));
    let amount = amount.ok_or(("amount", AMOUNT))?;
    let expires_at = match fields.filled("until") {
        Some(day) => {
            let end = day.parse().ok().and_then(moment::after);
            Some(end.ok_or(("expires_at", "Write a day such as 2030-01-31"))?)
        }
        None => None,
    };
    let mut body = json!({
        "amount": amount,
        "service_type": fields.filled("service_type"),
        "expires_at": expires_at,
    });
    if let Some(currency) = fields.filled("currency") {
        body["currency"] = currency.into();
    }
    let kept = fields.filled("metadata").and_then(|kept| serde_json::from_str(kept).ok());
    if let Some(Value::Object(kept)) = kept {
        body["metadata"] = kept.into();
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.set(name, *value);
        }
        fields
    }

    #[test]
    fn an_offer_stands_until_the_end_of_its_day() {
        let sent = fields(&[
            ("amount", "185,5"),
            ("until", "2026-12-24"),
            ("metadata", r#"{"source":"phone"}"#),
        ]);
        let body = terms(&sent).unwrap();
        assert_eq!(body["amount"], 18550);
        assert_eq!(body["expires_at"], "2026-12-25T00:00:00.000000Z");
        assert_eq!(body["metadata"]["source"], "phone");
    }

    #[test]
    fn an_unreadable_offer_is_told_by_field() {
        assert_eq!(terms(&fields(&[("amount", "a lot")])).unwrap_err().0, "amount");
        let someday = fields(&[("amount", "1"), ("until", "someday")]);
        assert_eq!(terms(&someday).unwrap_err().0, "expires_at");
    }
}
