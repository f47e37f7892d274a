//! The file of a worker: what they can do and have shown, what an hour costs, what was said about them, with whom they go out.

use axum::extract::State;
use chrono::{Days, NaiveDate};
use domain::access::Permission;
use domain::id::WorkerId;
use domain::people::compliance::gaps;
use domain::people::worker::file::{Certificate, CertificateStatus, Entry, OnboardingStep};
use domain::people::worker::{Details, Worker, WorkerCommand, WorkerError};
use domain::personal;
use domain::scheduling::terms::policies::WorkerPolicy;
use projections::customers::client_records::ClientRecords;
use projections::customers::ratings;
use projections::people::worker_history::{self, WorkerHistory};
use projections::scheduling::booking_list::BookingList;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantArray;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::team_ref::TeamRef;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

/// Whoever sends workers out takes care of them.
pub(super) const DISPATCH: &[Permission] = &[Permission::BookingsAssign];

pub(super) fn routes() -> Routes {
    let dispatch = staff(DISPATCH);
    Routes::default()
        .add(routes!(worker_file), dispatch)
        .add(routes!(memberships), dispatch)
        .add(routes!(qualify), dispatch.action("worker.update"))
        .add(routes!(set_rate), dispatch.action("worker.rate"))
        .add(routes!(set_onboarding), dispatch.action("worker.onboarding"))
        .add(routes!(transfer_worker), dispatch.action("worker.transfer"))
}

/// How close its last day is, if that is close.
fn badge(certificate: &Certificate, today: NaiveDate) -> Option<&'static str> {
    if certificate.status == CertificateStatus::Expired {
        return Some("expired");
    }
    let last = certificate.expires_at?;
    let within = |days| today.checked_add_days(Days::new(days)).is_some_and(|day| last <= day);
    match () {
        () if last < today => Some("expired"),
        () if within(7) => Some("7_days"),
        () if within(30) => Some("30_days"),
        () => None,
    }
}

/// What is known about a worker beside what is in their file.
struct Around {
    today: NaiveDate,
    /// The stars that customers gave for visits that they were at, and how often.
    said: (i64, i64),
    policy: WorkerPolicy,
}

impl Around {
    async fn of(app: &App, caller: &Caller, id: WorkerId) -> Result<Self, Problem> {
        let org = caller.org();
        let policy = app.prices.of(app, org).await?.book.policies.workers.clone();
        Ok(Self { today: app.today(org).await?, said: said_of(app, caller, id).await?, policy })
    }
}

fn shown(worker: &Details, around: &Around) -> Value {
    let (file, today, said) = (&worker.file, around.today, around.said);
    let certificate = |one: &Certificate| {
        json!({
            "cert_id": one.cert_id, "name": one.name, "status": one.status, "issued_at": one.issued_at,
            "expires_at": one.expires_at, "archived_at": one.archived_at, "badge": badge(one, today),
        })
    };
    let steps = OnboardingStep::VARIANTS.iter().map(|step| {
        let name: &str = (*step).into();
        (name.to_owned(), Value::from(file.onboarding.contains(step)))
    });
    let (stars, reviews) = file.rating();
    let stars = i64::try_from(stars).unwrap_or(i64::MAX).saturating_add(said.0);
    let count = i64::from(reviews) + said.1;
    let mut shown = json!({
        "worker_id": worker.worker_id,
        "role": file.role,
        "skills": file.skills,
        "hourly_rate_cents": file.rate_cents(today).unwrap_or(around.policy.hourly_rate_cents),
        "rates": file.rates.iter().map(|(from, cents)| json!({ "effective": from, "cents": cents })).collect::<Vec<_>>(),
        "onboarding": steps.collect::<serde_json::Map<_, _>>(),
        "compliance": gaps(file, &around.policy, today),
        "certificates": file.kept_certificates().map(certificate).collect::<Vec<_>>(),
        "notes": file.notes.iter().map(|note| json!({
            "note_id": note.note_id, "kind": if note.severity.is_some() { "incident" } else { "note" },
            "severity": note.severity, "booking_id": note.booking, "text": note.text, "created_by": note.by,
            "created_at": note.at,
        })).collect::<Vec<_>>(),
        "reviews": file.reviews.iter().map(|(booking, review)| json!({
            "booking_id": booking, "rating": review.rating, "comment": review.comment, "created_by": review.by,
            "created_at": review.at,
        })).collect::<Vec<_>>(),
        "rating_avg": average(stars, count),
        "rating_count": count,
        "planned_transfer": worker.planned_transfer.map(|(team, effective)| json!({ "team_id": team, "effective": effective })),
    });
    personal::reveal(&mut shown);
    shown
}

/// To two decimals, shown only: nothing is ever computed with it.
pub(crate) fn average(sum: i64, count: i64) -> Option<f64> {
    let hundredths = sum.saturating_mul(100).saturating_add(count / 2).checked_div(count)?;
    i32::try_from(hundredths).ok().map(|hundredths| f64::from(hundredths) / 100.0)
}

/// Everything that is written down about a worker beside who they are; `compliance` names certificates that what they can
/// do asks for and that do not hold, `pending`, `expired`, `revoked` or `missing`: a hint, which refuses nothing
#[utoipa::path(
    get,
    path = "/v1/admin/workers/{worker_id}/file",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    responses((status = 200, description = "The file", content_type = "application/json"))
)]
async fn worker_file(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<WorkerId>,
) -> Result<Answer, Problem> {
    let found = app.bus.load::<Worker>(caller.org(), &id.to_string()).await?;
    let worker = found.state.details();
    let worker = worker.ok_or_else(|| Problem::refused(&WorkerError::NotFound))?;
    let reached =
        fresh.reach(&app, caller.org(), &[BookingList::NAME, ClientRecords::NAME]).await?;
    let around = Around::of(&app, &caller, id).await?;
    Ok(reached.mark(Answer::json(&shown(worker, &around))?))
}

/// What customers said of the visits of a worker: all stars together, and how often.
async fn said_of(app: &App, caller: &Caller, id: WorkerId) -> Result<(i64, i64), Problem> {
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    Ok(ratings::said_of(&mut tx, caller.org(), id).await?)
}

/// With whom a worker went out, and from which day on
#[utoipa::path(
    get,
    path = "/v1/admin/workers/{worker_id}/memberships",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    responses((status = 200, description = "In the order in which it was decided; no team is sent out no more", content_type = "application/json", example = json!([
        { "from_date": "2026-01-05", "team": 1 }, { "from_date": "2026-03-02", "team": 2 }
    ])))
)]
async fn memberships(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<WorkerId>,
) -> Result<Answer, Problem> {
    known(&app, &caller, id).await?;
    let reached = fresh.reach(&app, caller.org(), &[WorkerHistory::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let moves = worker_history::of(&mut tx, caller.org(), id).await?;
    Ok(reached.mark(Answer::json(&moves)?))
}

pub(super) async fn known(app: &App, caller: &Caller, id: WorkerId) -> Result<(), Problem> {
    let found = app.bus.load::<Worker>(caller.org(), &id.to_string()).await?;
    let known = found.state.details().is_some();
    if known { Ok(()) } else { Err(Problem::refused(&WorkerError::NotFound)) }
}

/// Carries out a command on a worker; the answer is their file.
async fn run(
    app: &App,
    (caller, request): (&Caller, &CommandRequest),
    id: WorkerId,
    command: WorkerCommand,
) -> Result<Answer, Problem> {
    let (context, around) = (request.context(caller), Around::of(app, caller, id).await?);
    let answer =
        |worker: &Worker| worker.details().map_or(Value::Null, |worker| shown(worker, &around));
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?))
}

/// Writes into a file.
pub(super) async fn write(
    app: &App,
    asked: (&Caller, &CommandRequest),
    id: WorkerId,
    entry: Entry,
) -> Result<Answer, Problem> {
    let by = asked.0.id().to_string();
    run(app, asked, id, WorkerCommand::File { entry, by, now: app.now() }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "role": "cleaner", "skills": ["deep_clean"] })))]
struct QualifyBody {
    /// Up to 60 characters; empty removes it.
    role: Option<String>,
    /// All of them, up to 30 words like `window_cleaning`.
    skills: Option<Vec<String>>,
}

/// Say what a worker is and can do; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/workers/{worker_id}/file",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    request_body = QualifyBody,
    responses((status = 200, description = "The file", content_type = "application/json"))
)]
async fn qualify(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let QualifyBody { role, skills } = request.body()?;
    write(&app, (&caller, &request), id, Entry::Qualify { role, skills }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "hourly_rate_cents": 2750, "effective": "2026-12-01" })))]
struct RateBody {
    /// 0 to 100000.
    hourly_rate_cents: i64,
    /// From which day on; today if left out.
    effective: Option<NaiveDate>,
}

/// Say what an hour of a worker costs from a day on
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/rates",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    request_body = RateBody,
    responses((status = 200, description = "The file", content_type = "application/json"))
)]
async fn set_rate(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let RateBody { hourly_rate_cents: cents, effective } = request.body()?;
    let effective = match effective {
        Some(day) => day,
        None => app.today(caller.org()).await?,
    };
    write(&app, (&caller, &request), id, Entry::Rate { cents, effective }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "step": "docs_received", "done": true })))]
struct OnboardingBody {
    /// `docs_received`, `background_check`, `training_completed` or `first_booking_done`.
    #[schema(value_type = String)]
    step: OnboardingStep,
    done: bool,
}

/// Note that a step of the way in was taken, or was not after all
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/onboarding",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    request_body = OnboardingBody,
    responses((status = 200, description = "The file", content_type = "application/json"))
)]
async fn set_onboarding(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let OnboardingBody { step, done } = request.body()?;
    write(&app, (&caller, &request), id, Entry::Onboarding { step, done }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "team_id": 2, "effective": "2026-12-01" })))]
struct TransferBody {
    /// Number or id.
    team_id: TeamRef,
    /// From which day on, up to 31 days back; today if left out.
    effective: Option<NaiveDate>,
}

/// Let a worker go out with others from a day on; their own team drops what was planned
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/transfer",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    request_body = TransferBody,
    responses(
        (status = 200, description = "The file", content_type = "application/json"),
        (status = 400, description = "`worker.transfer_too_early`")
    )
)]
async fn transfer_worker(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let TransferBody { team_id, effective } = request.body()?;
    known(&app, &caller, id).await?;
    let to = team_id.to_join(&app, caller.org()).await?;
    let today = app.today(caller.org()).await?;
    let effective = effective.unwrap_or(today);
    let command = WorkerCommand::Transfer { to, effective, today, now: app.now() };
    run(&app, (&caller, &request), id, command).await
}
