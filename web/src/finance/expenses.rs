//! Expenses: the list, and writing one down or taking one back.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::books::{self, MANAGE};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::typed::Typed;
use crate::visitor::Staff;
use crate::{Site, SiteState, shown, token};

/// What the list can be asked for, beside the page.
const FILTERS: [&str; 4] = ["from", "to", "category_id", "query"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/finance/expenses", get(list).post(record))
        .route("/finance/expenses/categories", post(add_category))
        .route("/finance/expenses/{id}/pay", post(pay))
        .route("/finance/expenses/{id}/paid", post(paid_otherwise))
        .route("/finance/expenses/{id}/unpaid", post(take_back))
        .route("/finance/expenses/{id}/void", post(void))
}

#[derive(Deserialize)]
struct Expense {
    #[serde(rename = "expense_id")]
    id: String,
    occurred_on: String,
    category_id: String,
    vendor: Option<String>,
    description: String,
    amount_cents: i64,
    tax_cents: i64,
    payment_method: Option<String>,
    paid_on: Option<String>,
}

impl Expense {
    fn amount(&self) -> String {
        shown::amount(self.amount_cents)
    }

    fn tax(&self) -> String {
        shown::amount(self.tax_cents)
    }

    /// How, and on which day if that was another.
    fn paid(&self) -> Option<String> {
        let method = self.payment_method.as_ref()?;
        let later = self.paid_on.as_ref().filter(|day| **day != self.occurred_on);
        Some(later.map_or_else(|| method.clone(), |day| format!("{method}, {day}")))
    }
}

#[derive(Default, Deserialize)]
struct Page {
    items: Vec<Expense>,
    total: u64,
    #[serde(default)]
    total_cents: i64,
}

#[derive(Deserialize)]
pub(super) struct Category {
    pub(super) category_id: String,
    pub(super) name: String,
}

#[derive(Default, Deserialize)]
struct Categories {
    items: Vec<Category>,
}

#[derive(Template)]
#[template(path = "expenses.html")]
struct ListPage {
    frame: Frame,
    filter: Form,
    form: Form,
    page: Page,
    categories: Vec<Category>,
    next: Option<String>,
    key: String,
    saved: bool,
    may_manage: bool,
}

impl ListPage {
    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }

    fn category(&self, id: &str) -> &str {
        named(&self.categories, id)
    }

    fn sum(&self) -> String {
        shown::amount(self.page.total_cents)
    }
}

/// What a category is called.
pub(super) fn named<'a>(categories: &'a [Category], id: &str) -> &'a str {
    let own = categories.iter().find(|one| one.category_id == id);
    own.map_or("–", |one| one.name.as_str())
}

pub(super) async fn categories(site: &Site, staff: &Staff) -> Result<Vec<Category>, Failure> {
    let path = ["v1", "admin", "finance", "expense-categories"];
    let all = site.api.query(staff, &path, &[("page_size", "100")]).await?;
    Ok(all.read::<Categories>()?.items)
}

/// The same list from where the next page begins.
fn address(fields: &Fields, cursor: &str) -> String {
    let mut query = Serializer::new(String::new());
    for name in FILTERS {
        if let Some(value) = fields.filled(name) {
            query.append_pair(name, value);
        }
    }
    query.append_pair("cursor", cursor);
    format!("/finance/expenses?{}", query.finish())
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    match found(&site, &staff, fields.clone()).await {
        Ok(list) => page::show(&list),
        Err(failure) if failure.is_about_input() => {
            let blank = found(&site, &staff, Fields::default()).await?;
            let filter = Form::new("filter", fields).refused(&failure);
            page::show_as(failure.status(), &ListPage { filter, ..blank })
        }
        Err(failure) => Err(failure),
    }
}

async fn found(site: &Site, staff: &Staff, fields: Fields) -> Result<ListPage, Failure> {
    let mut asked: Vec<(&str, &str)> =
        FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    asked.push(("cursor", fields.get("cursor")));
    let categories = categories(site, staff).await?;
    let reply = site.api.query(staff, &["v1", "admin", "finance", "expenses"], &asked).await?;
    let frame = Frame::staff(staff, "finance", reply.stale);
    let next = reply.next_cursor.as_deref().map(|cursor| address(&fields, cursor));
    let saved = fields.get("saved") == "1";
    Ok(ListPage {
        frame,
        page: reply.read()?,
        categories,
        next,
        saved,
        filter: Form::new("filter", fields),
        form: Form::default(),
        key: token::submission_key(),
        may_manage: staff.session.may(MANAGE),
    })
}

async fn record(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let fields = &form.fields;
    let mut typed = Typed::new(fields);
    let (amount, tax) = (typed.cents("amount_cents"), typed.maybe_cents("tax_cents"));
    let mut body = json!({
        "occurred_on": fields.get("occurred_on"),
        "category_id": fields.get("category_id"),
        "description": fields.get("description"),
        "amount_cents": amount,
        "tax_cents": tax.as_i64().unwrap_or(0),
    });
    for name in ["vendor", "payment_method", "receipt_url"] {
        if let Some(value) = fields.filled(name) {
            body[name] = value.into();
        }
    }
    let body = typed.read(body);
    change(&site, (Method::POST, &["expenses"]), ("record", form), body).await
}

async fn add_category(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let body = json!({ "name": form.fields.get("name") });
    change(&site, (Method::POST, &["expense-categories"]), ("category", form), Ok(body)).await
}

/// How something was paid, and on which day if that is said.
fn payment(fields: &Fields) -> Value {
    let mut body = json!({ "payment_method": fields.get("payment_method") });
    if let Some(day) = fields.filled("paid_on") {
        body["paid_on"] = day.into();
    }
    body
}

async fn pay(
    State(site): State<SiteState>,
    Path(expense): Path<String>,
    form: StaffForm,
) -> Answer {
    let (expense, body) = (id(&expense)?, payment(&form.fields));
    let path = ["expenses", expense, "pay"];
    change(&site, (Method::POST, &path), (expense, form), Ok(body)).await
}

async fn paid_otherwise(
    State(site): State<SiteState>,
    Path(expense): Path<String>,
    form: StaffForm,
) -> Answer {
    let (expense, body) = (id(&expense)?, payment(&form.fields));
    let path = ["expenses", expense];
    change(&site, (Method::PATCH, &path), (expense, form), Ok(body)).await
}

async fn take_back(
    State(site): State<SiteState>,
    Path(expense): Path<String>,
    form: StaffForm,
) -> Answer {
    let path = ["expenses", id(&expense)?];
    let body = json!({ "payment_method": null });
    change(&site, (Method::PATCH, &path), ("unpaid", form), Ok(body)).await
}

async fn void(
    State(site): State<SiteState>,
    Path(expense): Path<String>,
    form: StaffForm,
) -> Answer {
    let path = ["expenses", id(&expense)?];
    change(&site, (Method::DELETE, &path), ("void", form), Ok(json!({}))).await
}

/// Sends one change; afterwards the list is shown as it has become.
async fn change(
    site: &Site,
    (method, last): (Method, &[&str]),
    (name, form): (&str, StaffForm),
    body: Result<Value, Failure>,
) -> Answer {
    let done = books::send(site, &form, (method, last), body).await;
    let StaffForm { staff, fields } = form;
    let again =
        |form| async { Ok(ListPage { form, ..found(site, &staff, Fields::default()).await? }) };
    page::settled(done, "/finance/expenses?saved=1", Form::new(name, fields), again).await
}
