//! Instalments of tax: planned, paid, dropped.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use serde_json::{Value, json};

use super::{books, taxes};
use crate::api::Reply;
use crate::failure::Failure;
use crate::form::{Answer, Form, StaffForm};
use crate::leads::id;
use crate::typed::Typed;
use crate::{Site, SiteState, page};

/// The routes of the API, below those of the books.
const ALL: [&str; 2] = ["taxes", "instalments"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/finance/taxes/instalments", post(plan))
        .route("/finance/taxes/instalments/{id}/paid", post(pay))
        .route("/finance/taxes/instalments/{id}/unpaid", post(take_back))
        .route("/finance/taxes/instalments/{id}/cancel", post(cancel))
}

async fn plan(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let fields = &form.fields;
    let mut typed = Typed::new(fields);
    let amount = typed.cents("amount_cents");
    let mut body = json!({
        "tax_type": fields.get("tax_type"), "due_on": fields.get("due_on"), "amount_cents": amount,
    });
    for name in ["paid_on", "note"] {
        if let Some(value) = fields.filled(name) {
            body[name] = value.into();
        }
    }
    let body = typed.read(body);
    let done = books::send(&site, &form, (Method::POST, &ALL), body).await;
    settled(&site, ("plan", form), done).await
}

async fn pay(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let body = json!({ "paid_on": form.fields.get("paid_on") });
    change(&site, &it, form, body).await
}

async fn take_back(
    State(site): State<SiteState>,
    Path(it): Path<String>,
    form: StaffForm,
) -> Answer {
    change(&site, &it, form, json!({ "paid_on": null })).await
}

async fn change(site: &Site, it: &str, form: StaffForm, body: Value) -> Answer {
    let it = id(it)?;
    let path = [&ALL[..], &[it]].concat();
    let done = books::send(site, &form, (Method::PATCH, &path), Ok(body)).await;
    settled(site, (it, form), done).await
}

async fn cancel(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let path = [&ALL[..], &[id(&it)?, "cancel"]].concat();
    let done = books::send(&site, &form, (Method::POST, &path), Ok(json!({}))).await;
    settled(&site, ("cancel", form), done).await
}

/// The taxes as they have become, or why they have not.
async fn settled(
    site: &Site,
    (name, form): (&str, StaffForm),
    done: Result<Reply, Failure>,
) -> Answer {
    let StaffForm { staff, fields } = form;
    let again = |form| taxes::with(site, &staff, form);
    page::settled(done, "/finance/taxes?saved=1", Form::new(name, fields), again).await
}
