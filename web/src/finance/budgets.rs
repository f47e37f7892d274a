//! Budgets: what may be spent on a category of expenses in a month.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::books::{self, ALL, MANAGE};
use super::expenses::{self, Category};
use crate::api::Reply;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::typed::Typed;
use crate::visitor::Staff;
use crate::{Site, SiteState, own, shown, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/finance/budgets", get(list).post(set))
        .route("/finance/budgets/{id}", post(change))
        .route("/finance/budgets/{id}/clear", post(clear))
}

#[derive(Deserialize)]
struct Budget {
    #[serde(rename = "budget_id")]
    id: String,
    category_id: String,
    amount_cents: i64,
}

impl Budget {
    fn amount(&self) -> String {
        shown::amount(self.amount_cents)
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Budget>,
}

#[derive(Template)]
#[template(path = "budgets.html")]
struct BudgetsPage {
    frame: Frame,
    form: Form,
    month: String,
    budgets: Vec<Budget>,
    next: Option<String>,
    categories: Vec<Category>,
    key: String,
    saved: bool,
    may_manage: bool,
}

impl BudgetsPage {
    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }

    fn category(&self, id: &str) -> &str {
        expenses::named(&self.categories, id)
    }

    /// Those about which nothing was said for the month.
    fn open(&self) -> Vec<&Category> {
        let set = |one: &Category| {
            self.budgets.iter().any(|budget| budget.category_id == one.category_id)
        };
        self.categories.iter().filter(|one| !set(one)).collect()
    }
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let saved = fields.get("saved") == "1";
    let form = Form::new("filter", fields);
    match budgets(&site, &staff, (form.value("month"), form.value("cursor"))).await {
        Ok(page) => page::show(&BudgetsPage { saved, ..page }),
        Err(failure) if failure.is_about_input() => {
            let page = budgets(&site, &staff, ("", "")).await?;
            let form = form.refused(&failure);
            page::show_as(failure.status(), &BudgetsPage { form, ..page })
        }
        Err(failure) => Err(failure),
    }
}

/// Those of a month; of this one if none is named.
async fn budgets(
    site: &Site,
    staff: &Staff,
    (month, cursor): (&str, &str),
) -> Result<BudgetsPage, Failure> {
    let month = match month {
        "" => own::of(site, staff).await?.today.format("%Y-%m").to_string(),
        named => named.to_owned(),
    };
    let path = [&ALL[..], &["budgets"]].concat();
    let asked = [("month", month.as_str()), ("limit", "200"), ("cursor", cursor)];
    let reply = site.api.query(staff, &path, &asked).await?;
    let cursor = reply.next_cursor.as_deref();
    let next = page::more("/finance/budgets", &[("month", &month)], cursor);
    Ok(BudgetsPage {
        frame: Frame::staff(staff, "finance", reply.stale),
        form: Form::default(),
        month,
        budgets: reply.read::<Page>()?.items,
        next,
        categories: expenses::categories(site, staff).await?,
        key: token::submission_key(),
        saved: false,
        may_manage: staff.session.may(MANAGE),
    })
}

async fn set(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let mut typed = Typed::new(&form.fields);
    let amount = typed.cents("amount_cents");
    let body = typed.read(json!({
        "month_yyyymm": form.fields.get("month"), "category_id": form.fields.get("category_id"),
        "amount_cents": amount,
    }));
    let done = books::send(&site, &form, (Method::POST, &["budgets"]), body).await;
    settled(&site, ("set", form), done).await
}

async fn change(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let it = id(&it)?;
    let mut typed = Typed::new(&form.fields);
    let amount = typed.cents("amount_cents");
    let body = typed.read(json!({ "amount_cents": amount }));
    let done = books::send(&site, &form, (Method::PATCH, &["budgets", it]), body).await;
    settled(&site, (it, form), done).await
}

async fn clear(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let gone = (Method::DELETE, &["budgets", id(&it)?][..]);
    let done = books::send(&site, &form, gone, Ok(json!({}))).await;
    settled(&site, ("clear", form), done).await
}

/// The month as it has become, or why it has not.
async fn settled(
    site: &Site,
    (name, form): (&str, StaffForm),
    done: Result<Reply, Failure>,
) -> Answer {
    let StaffForm { staff, fields } = form;
    let month = fields.get("month").to_owned();
    let sound: String = month.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
    let there = format!("/finance/budgets?month={sound}&saved=1");
    let again =
        |form| async { Ok(BudgetsPage { form, ..budgets(site, &staff, (&month, "")).await? }) };
    page::settled(done, &there, Form::new(name, fields), again).await
}
