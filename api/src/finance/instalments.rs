//! Instalments of tax: planned, paid, cancelled.

use axum::extract::State;
use chrono::NaiveDate;
use commands::{CommandError, Context, Done};
use domain::finance::FinanceError;
use domain::finance::instalment::{Details, TaxInstalment, TaxInstalmentCommand, Terms};
use domain::finance::month::Month;
use domain::id::TaxInstalmentId;
use projections::finance::instalments::{self, PAGE, Row};
use projections::finance::records::FinanceRecords;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::asked::{self, kept};
use super::{manage, refused, view, while_open};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::sent::Sent;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let manage = manage();
    Routes::default()
        .add(routes!(list_tax_instalments), view())
        .add(routes!(plan_tax_instalment), manage.action("tax_instalment.create"))
        .add(routes!(change_tax_instalment), manage.action("tax_instalment.update"))
        .add(routes!(cancel_tax_instalment), manage.action("tax_instalment.cancel"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// First day on which they are due.
    from: Option<NaiveDate>,
    /// Last day on which they are due.
    to: Option<NaiveDate>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Instalments of tax, the earliest first
#[utoipa::path(
    get,
    path = "/v1/admin/finance/taxes/instalments",
    tag = "finance",
    params(ListQuery),
    responses((status = 200, description = "One page, without those that were cancelled; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!({
        "items": [{ "instalment_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "tax_type": "GST", "due_on": "2030-04-30",
            "amount_cents": 50000, "paid_on": null, "note": null, "currency": "CAD" }]
    })))
)]
async fn list_tax_instalments(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let range = asked::maybe_days(asked.from, asked.to)?;
    let after = asked::behind(asked.cursor.as_deref())?;
    let reached = fresh.reach(&app, org, &[FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let rows = instalments::page(&mut tx, org, range, after, limit).await?;
    let next = cursor::last_of_full(&rows, limit);
    let next = next.map(|row| asked::shown(row.due_on, row.instalment_id));
    let line = |row: &Row| {
        json!({
            "instalment_id": row.instalment_id, "tax_type": row.tax_type, "due_on": row.due_on,
            "amount_cents": row.amount_cents, "paid_on": row.paid_on, "note": row.note,
            "currency": row.currency, "created_at": row.created_at,
        })
    };
    let body = json!({ "items": rows.iter().map(line).collect::<Vec<_>>() });
    Ok(reached.mark(continued(Answer::json(&body)?, next.as_deref())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "tax_type": "GST", "due_on": "2030-04-30", "amount_cents": 50000 })))]
struct NewTaxInstalment {
    /// 1 to 50 characters.
    tax_type: String,
    /// Not in a month whose books are closed.
    due_on: NaiveDate,
    amount_cents: i64,
    /// When it was paid, if it was; not in a month whose books are closed.
    paid_on: Option<NaiveDate>,
    /// Up to 1000 characters that name no person.
    note: Option<String>,
}

/// Plan an instalment of tax
#[utoipa::path(
    post,
    path = "/v1/admin/finance/taxes/instalments",
    tag = "finance",
    request_body = NewTaxInstalment,
    responses(
        (status = 201, description = "The instalment", content_type = "application/json"),
        (status = 409, description = "`period_closed`")
    )
)]
async fn plan_tax_instalment(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let new: NewTaxInstalment = request.body()?;
    let mut context = request.context(&caller);
    let paid_on = new.paid_on.map(|day| asked::near("paid_on", day)).transpose()?;
    let due_on = asked::near("due_on", new.due_on)?;
    while_open(&app, &mut context, [Some(due_on), paid_on].into_iter().flatten().map(Month::of))
        .await?;
    let instalment_id = context.request.derived_id("tax_instalment").into();
    let NewTaxInstalment { tax_type, due_on, amount_cents, note, .. } = new;
    let command = TaxInstalmentCommand::Plan {
        instalment_id,
        terms: Terms { tax_type, due_on, amount_cents, note },
        paid_on,
        currency: crate::invoicing::settings(&app, context.org).await?.currency,
        now: app.now(),
    };
    let done = run(&app, &context, instalment_id, command).await;
    Ok(Answer::done(&done.map_err(refused)?).created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "paid_on": "2030-04-28" })))]
struct ChangedTaxInstalment {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    tax_type: Sent<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    due_on: Sent<NaiveDate>,
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    amount_cents: Sent<i64>,
    /// `null`: it was not paid.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    paid_on: Sent<NaiveDate>,
    /// `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    note: Sent<String>,
}

/// Say that an instalment was paid, or make it another; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/finance/taxes/instalments/{instalment_id}",
    tag = "finance",
    params(("instalment_id" = Uuid, Path)),
    request_body = ChangedTaxInstalment,
    responses(
        (status = 200, description = "The instalment", content_type = "application/json"),
        (status = 409, description = "`tax_instalment.paid`, or `period_closed`: it was paid, or would be, in a month whose books are closed, or is due in one and becomes another")
    )
)]
async fn change_tax_instalment(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TaxInstalmentId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let changed: ChangedTaxInstalment = request.body()?;
    let mut context = request.context(&caller);
    let found = app.bus.load::<TaxInstalment>(context.org, &id.to_string()).await?;
    let before = found.state.details().cloned();
    let before = before.ok_or_else(|| Problem::refused(&FinanceError::NoSuchInstalment))?;
    context.decided_on(found.version);
    let Details { terms: was, paid_on: was_paid, .. } = before;
    let paid_on = changed.paid_on.over(was_paid);
    if let Some(day) = paid_on.filter(|_| paid_on != was_paid) {
        asked::near("paid_on", day)?;
    }
    let terms = Terms {
        tax_type: kept("tax_type", changed.tax_type, was.tax_type.clone())?,
        due_on: kept("due_on", changed.due_on, was.due_on)?,
        amount_cents: kept("amount_cents", changed.amount_cents, was.amount_cents)?,
        note: changed.note.over(was.note.clone()),
    };
    // That it was paid is told by the month of the payment, all else also by that in which it is due.
    let due = [was.due_on, terms.due_on].into_iter().filter(|_| terms != was);
    let months = [was_paid, paid_on].into_iter().flatten().chain(due).map(Month::of);
    while_open(&app, &mut context, months).await?;
    let command = TaxInstalmentCommand::Change { terms, paid_on, now: app.now() };
    Ok(Answer::done(&run(&app, &context, id, command).await.map_err(refused)?))
}

/// Say that an instalment is not to be paid
#[utoipa::path(
    post,
    path = "/v1/admin/finance/taxes/instalments/{instalment_id}/cancel",
    tag = "finance",
    params(("instalment_id" = Uuid, Path)),
    responses(
        (status = 200, description = "It is not listed any more", content_type = "application/json"),
        (status = 409, description = "`tax_instalment.paid`, or `period_closed`: it is due, or was paid, in a month whose books are closed")
    )
)]
async fn cancel_tax_instalment(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TaxInstalmentId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let mut context = request.context(&caller);
    let found = app.bus.load::<TaxInstalment>(context.org, &id.to_string()).await?;
    // Whoever repeats the request is told again, though there is no such instalment any more.
    let before = found.state.details().cloned();
    let days = before.map_or([None; 2], |it| [Some(it.terms.due_on), it.paid_on]);
    while_open(&app, &mut context, days.into_iter().flatten().map(Month::of)).await?;
    let command = TaxInstalmentCommand::Cancel { now: app.now() };
    Ok(Answer::done(&run(&app, &context, id, command).await.map_err(refused)?))
}

async fn run(
    app: &App,
    context: &Context,
    id: TaxInstalmentId,
    command: TaxInstalmentCommand,
) -> Result<Done, CommandError<FinanceError>> {
    let answer = |instalment: &TaxInstalment| match instalment {
        TaxInstalment::Kept(it) => json!({
            "instalment_id": id, "tax_type": it.terms.tax_type, "due_on": it.terms.due_on,
            "amount_cents": it.terms.amount_cents, "paid_on": it.paid_on, "note": it.terms.note,
            "currency": it.currency,
        }),
        TaxInstalment::Absent | TaxInstalment::Gone => {
            json!({ "instalment_id": id, "cancelled": true })
        }
    };
    app.bus.execute(context, &id.to_string(), command, answer).await
}
