//! Counts of cash: how much there was at the end of a day.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::books::{self, ALL, MANAGE};
use crate::api::Reply;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::typed::Typed;
use crate::visitor::Staff;
use crate::{Site, SiteState, shown, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/finance/cash", get(list).post(count))
        .route("/finance/cash/{id}", post(correct))
        .route("/finance/cash/{id}/remove", post(remove))
}

#[derive(Deserialize)]
struct Count {
    #[serde(rename = "snapshot_id")]
    id: String,
    as_of_date: String,
    cash_cents: i64,
    note: Option<String>,
}

impl Count {
    fn shown(&self) -> String {
        shown::dollars(self.cash_cents)
    }

    /// As it is typed.
    fn cash(&self) -> String {
        shown::amount(self.cash_cents)
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Count>,
}

#[derive(Template)]
#[template(path = "cash.html")]
struct CashPage {
    frame: Frame,
    form: Form,
    counts: Vec<Count>,
    next: Option<String>,
    key: String,
    saved: bool,
    may_manage: bool,
}

impl CashPage {
    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let saved = fields.get("saved") == "1";
    page::show(&CashPage { saved, ..counts(&site, &staff, fields.get("cursor")).await? })
}

async fn counts(site: &Site, staff: &Staff, cursor: &str) -> Result<CashPage, Failure> {
    let path = [&ALL[..], &["cash_snapshots"]].concat();
    let reply = site.api.query(staff, &path, &[("cursor", cursor)]).await?;
    let next = page::more("/finance/cash", &[], reply.next_cursor.as_deref());
    Ok(CashPage {
        frame: Frame::staff(staff, "finance", reply.stale),
        form: Form::default(),
        counts: reply.read::<Page>()?.items,
        next,
        key: token::submission_key(),
        saved: false,
        may_manage: staff.session.may(MANAGE),
    })
}

async fn count(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let mut typed = Typed::new(&form.fields);
    let cash = typed.balance("cash_cents");
    let body = json!({
        "as_of_date": form.fields.get("as_of_date"), "cash_cents": cash, "note": form.fields.filled("note"),
    });
    let body = typed.read(body);
    let done = books::send(&site, &form, (Method::POST, &["cash_snapshots"]), body).await;
    settled(&site, ("count", form), done).await
}

async fn correct(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let it = id(&it)?;
    let mut typed = Typed::new(&form.fields);
    let cash = typed.balance("cash_cents");
    let body = typed.read(json!({ "cash_cents": cash, "note": form.fields.filled("note") }));
    let done = books::send(&site, &form, (Method::PATCH, &["cash_snapshots", it]), body).await;
    settled(&site, (it, form), done).await
}

async fn remove(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let it = id(&it)?;
    let gone = (Method::DELETE, &["cash_snapshots", it][..]);
    let done = books::send(&site, &form, gone, Ok(json!({}))).await;
    settled(&site, ("remove", form), done).await
}

/// The counts as they have become, or why they have not.
async fn settled(
    site: &Site,
    (name, form): (&str, StaffForm),
    done: Result<Reply, Failure>,
) -> Answer {
    let StaffForm { staff, fields } = form;
    let again = |form| async { Ok(CashPage { form, ..counts(site, &staff, "").await? }) };
    page::settled(done, "/finance/cash?saved=1", Form::new(name, fields), again).await
}
