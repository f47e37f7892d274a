//! What is overdue, for how long, and reminding of all of it.

use axum::extract::State;
use axum::http::HeaderMap;
use chrono::NaiveDate;
use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::status::Bucket;
use projections::invoicing::invoice_list::{self, Filter, InvoiceList, Item};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantArray;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::bulk::{Outcomes, few, part};
use super::list::bucket;
use super::{SEND, VIEW, invoices, known, letters};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

/// Invoices shown of each bucket.
const TOP: i64 = 5;

/// Reminded of in one request.
const MOST: i64 = 100;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(overdue_summary), invoices(VIEW))
        .add(routes!(overdue_remind), invoices(SEND).action("invoice.remind"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    /// The day to which days are counted; today, if left out. What is left to pay is what is left now: the report of receivables
    /// knows what was left then.
    as_of: Option<NaiveDate>,
}

fn line(item: &Item, as_of: NaiveDate) -> Value {
    let it = &item.invoice;
    json!({
        "invoice_id": it.invoice_id,
        "invoice_number": it.number.to_string(),
        "client": item.customer_name,
        "client_email": item.customer_email,
        "amount_due": it.balance_cents(),
        "due_at": it.due_date,
        "days_overdue": it.due_date.map(|due| (as_of - due).num_days()),
        "status": it.status,
    })
}

/// What is overdue, by how long
#[utoipa::path(
    get,
    path = "/v1/admin/invoices/overdue_summary",
    tag = "invoicing",
    params(SummaryQuery),
    responses((status = 200, description = "Each bucket with the five that are longest overdue", content_type = "application/json"))
)]
async fn overdue_summary(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<SummaryQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let as_of = asked.as_of.unwrap_or(app.today(org).await?);
    let reached = fresh.reach(&app, org, &[InvoiceList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let mut buckets = Vec::new();
    for bucket in Bucket::VARIANTS {
        let found = invoice_list::past_due(&mut tx, org, (*bucket, as_of), TOP).await?;
        let first: Vec<Value> = found.first.iter().map(|item| line(item, as_of)).collect();
        buckets.push(json!({
            "bucket": bucket,
            "total_count": found.count,
            "total_amount_due": found.cents,
            "template_key": bucket.letter(),
            "invoices": first,
        }));
    }
    Ok(reached.mark(Answer::json(&json!({ "as_of": as_of, "buckets": buckets }))?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "bucket": "recent" })))]
struct RemindBody {
    /// `recent`, `attention` or `critical`.
    bucket: String,
    /// Some of the bucket, up to 100; all of it, if left out.
    #[schema(value_type = Option<Vec<String>>)]
    invoice_ids: Option<Vec<InvoiceId>>,
}

/// Remind of what is overdue, in the words for how long it is
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/overdue_remind",
    tag = "invoicing",
    request_body = RemindBody,
    responses((status = 200, description = "What came of each", content_type = "application/json", example = json!({
        "bucket": "recent", "template_key": "gentle", "succeeded": [], "failed": []
    })))
)]
async fn overdue_remind(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: RemindBody = request.body()?;
    let bucket = bucket(&body.bucket)
        .map_err(|_| Problem::field("bucket", "Input should be recent, attention or critical"))?;
    let (org, context) = (caller.org(), request.context(&caller));
    let today = app.today(org).await?;
    let ids = match body.invoice_ids {
        Some(ids) => {
            few(&ids)?;
            ids
        }
        None => all(&app, org, bucket, today).await?,
    };
    let portal = letters::address(&app, &headers, org).await?;
    let mut outcomes = Outcomes::default();
    for id in ids {
        let outcome = match known(&app, org, id).await {
            Ok((it, _)) if of(&it, today) != Some(bucket) => {
                Err(Problem::field("invoice_ids", "Not in this bucket"))
            }
            Ok(_) => {
                let how = (id, Some(bucket.letter()));
                letters::write(&app, &part(&context, id), how, portal.as_deref()).await
            }
            Err(problem) => Err(problem),
        };
        outcomes.add(id, outcome);
    }
    outcomes.told(json!({ "bucket": bucket, "template_key": bucket.letter() }))
}

fn of(invoice: &domain::invoicing::invoice::Details, today: NaiveDate) -> Option<Bucket> {
    let owes = invoice.status.is_open() && invoice.balance_cents() > 0;
    let days = (today - invoice.due_date.filter(|_| owes)?).num_days();
    Bucket::of(days)
}

async fn all(
    app: &App,
    org: OrgId,
    bucket: Bucket,
    today: NaiveDate,
) -> Result<Vec<InvoiceId>, Problem> {
    let filter = Filter { overdue: Some((bucket, today)), ..Filter::default() };
    let mut tx = tenant::begin(&app.reads, org).await?;
    let items = invoice_list::page(&mut tx, org, &filter, (None, 0), MOST).await?;
    Ok(items.iter().map(|item| item.invoice.invoice_id).collect())
}
