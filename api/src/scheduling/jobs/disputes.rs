//! Something is wrong with a visit, as whoever is there finds out.

use axum::extract::State;
use domain::id::BookingId;
use domain::invoicing::invoice::Words;
use domain::payments::dispute::{New, Source};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{at_work, job};
use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::identity::PortalCaller;
use crate::payments::open_dispute;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(report_dispute), at_work().action("dispute.open"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "reason": "The customer says that a vase is broken" })))]
struct ReportBody {
    /// 1 to 2000 characters.
    reason: Option<String>,
}

/// Tell the office that a customer is not content; who decides is the office
#[utoipa::path(
    post,
    path = "/worker/jobs/{job_id}/disputes/report",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    request_body = ReportBody,
    responses(
        (status = 201, description = "It was told", content_type = "application/json"),
        (status = 409, description = "`dispute.already_open`"),
        (status = 422, description = "`dispute.reason_required`")
    )
)]
async fn report_dispute(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let ReportBody { reason } = request.body()?;
    let (visit, _) = job(&app, &caller, id).await?;
    let context = caller.context(&request);
    let new = New {
        dispute_id: context.request.derived_id("dispute").into(),
        source: Source::Worker,
        opened_by: caller.holder.to_string(),
        booking: Some(id),
        invoice: None,
        payment_id: None,
        amount_cents: None,
        reason: reason.map(Words::Said),
        subject: visit.subject(),
    };
    let mut done = open_dispute(&app, &context, new).await?;
    // What the office makes of it is the office's.
    let kept = |name: &str| done.answer[name].clone();
    done.answer = json!({
        "dispute_id": kept("dispute_id"), "status": kept("status"), "job_id": id, "opened_at": kept("opened_at"),
    });
    Ok(Answer::done(&done).created())
}
