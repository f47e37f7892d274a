//! What staff decide otherwise than the policies did, each with its reason, and deposits that were paid to them.

use axum::extract::State;
use domain::access::Permission;
use domain::id::BookingId;
use domain::scheduling::booking::{BookingCommand, DepositStep, Override, Reference};
use domain::scheduling::terms::risk::Band;
use domain::settings::feature::Feature;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::run;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const POLICIES: &[Permission] = &[Permission::PoliciesManage];
const PAYMENTS: &[Permission] = &[Permission::PaymentsRecord];

pub(super) fn routes() -> Routes {
    let policies = staff(POLICIES).feature(Feature::Schedule);
    let payments = staff(PAYMENTS).feature(Feature::Schedule);
    Routes::default()
        .add(routes!(override_terms), policies.action("booking.override"))
        .add(routes!(record_deposit), payments.action("booking.deposit_record"))
}

#[derive(Deserialize, ToSchema)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Decision {
    /// How risky the visit is.
    Risk {
        /// `LOW`, `MEDIUM` or `HIGH`.
        #[schema(value_type = String)]
        band: Band,
        /// 0 to 100.
        score: u16,
        /// 1 to 500 characters.
        reason: String,
    },
    /// How much is asked for in advance; 0 for nothing.
    Deposit {
        amount_cents: i64,
        /// 1 to 500 characters.
        reason: String,
    },
    /// What part is paid back when it is cancelled.
    Cancellation {
        free_hours: u16,
        partial_hours: u16,
        partial_percent: u8,
        /// 1 to 500 characters.
        reason: String,
    },
    /// Whether everything is paid back whenever it is cancelled.
    CancellationException {
        granted: bool,
        /// 1 to 500 characters.
        reason: String,
    },
}

impl Decision {
    fn parts(self) -> (Override, String) {
        match self {
            Self::Risk { band, score, reason } => (Override::Risk { band, score }, reason),
            Self::Deposit { amount_cents, reason } => (Override::Deposit { amount_cents }, reason),
            Self::Cancellation { free_hours, partial_hours, partial_percent, reason } => {
                (Override::Cancellation { free_hours, partial_hours, partial_percent }, reason)
            }
            Self::CancellationException { granted, reason } => {
                (Override::CancellationException { granted }, reason)
            }
        }
    }
}

/// Decide otherwise than the policies did
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/overrides",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    request_body(content = Decision, example = json!({ "what": "deposit", "amount_cents": 0, "reason": "Regular customer" })),
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 409, description = "`booking.illegal_state`"),
        (status = 422, description = "`booking.reason_required`")
    )
)]
async fn override_terms(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let (what, reason) = request.body::<Decision>()?.parts();
    let command = BookingCommand::Override { what, reason, now: app.now() };
    Ok(Answer::done(&run(&app, &request.context(&caller), id, command).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "amount_cents": 5000, "reference": "ET-77" })))]
struct PaidBody {
    /// More than 0.
    amount_cents: i64,
    /// Of the payment, 1 to 40 letters, digits and any of `-_./#`: it stays for ever and names nobody. The same twice at one
    /// visit is one payment.
    reference: String,
}

/// A deposit was paid to staff, or part of it; once all of it is paid that confirms the visit, unless it is risky
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/deposit",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    request_body = PaidBody,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 409, description = "`booking.deposit_reference_taken`: another amount, or one that was given back")
    )
)]
async fn record_deposit(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let PaidBody { amount_cents, reference } = request.body()?;
    let step = DepositStep::Take { reference: Reference::read(&reference)?, amount_cents };
    let command = BookingCommand::Deposit { step, now: app.now() };
    Ok(Answer::done(&run(&app, &request.context(&caller), id, command).await?))
}
