//! One visit as whoever goes there needs it: where, for whom, what is to be done, and what was done.

use axum::extract::State;
use domain::customers::client::Client;
use domain::id::BookingId;
use domain::personal::{self, PLACEHOLDER};
use domain::scheduling::booking::Details;
use domain::scheduling::checklist::run::Checklist;
use domain::scheduling::work_session::WorkSession;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::super::{orders, photos};
use super::{at_work, job, me};
use crate::answer::Answer;
use crate::extract::Path;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(worker_job), at_work())
}

/// One visit that one goes to
#[utoipa::path(
    get,
    path = "/worker/jobs/{job_id}",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    responses((status = 200, description = "The visit, its time, its checklist if one was begun, its extras and photos", content_type = "application/json"))
)]
async fn worker_job(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    let (booking, _) = job(&app, &caller, id).await?;
    Answer::json(&shown(&app, &caller, id, &booking).await?)
}

async fn shown(
    app: &App,
    caller: &PortalCaller,
    id: BookingId,
    booking: &Details,
) -> Result<Value, Problem> {
    let org = caller.org;
    let session = app.bus.load::<WorkSession>(org, &id.to_string()).await?.state;
    let checklist = app.bus.load::<Checklist>(org, &id.to_string()).await?.state;
    let window = booking.placement.window;
    let (name, phone) = customer(app, caller, booking).await?;
    let mut shown = json!({
        "job_id": id,
        "status": booking.status,
        "starts_at": window.starts_at,
        "ends_at": window.ends_at,
        "duration_minutes": window.minutes(),
        "planned_minutes": booking.planned_minutes,
        "service_type": booking.requested.service,
        "address_text": booking.requested.place,
        "customer_name": name,
        "customer_phone": phone,
        "crew": booking.placement.crew,
        "leads": booking.placement.lead_worker.is_some() && booking.placement.lead_worker == me(caller),
        "consent_photos": booking.photo_consent,
        "addons": booking.addons,
        "addons_offered": offered(app, caller).await?,
        "time": orders::time::summary(id.as_uuid(), &session, Some(booking.planned_minutes), app.now()),
        "checklist": checklist.run().map(orders::checklist::shown),
        "photos": photos::listed(app, org, id).await?,
    });
    personal::reveal(&mut shown);
    Ok(shown)
}

/// Who opens the door, and how to reach them.
async fn customer(
    app: &App,
    caller: &PortalCaller,
    booking: &Details,
) -> Result<(Option<String>, Option<String>), Problem> {
    let Some(client) = booking.client else { return Ok((None, None)) };
    let found = app.bus.load::<Client>(caller.org, &client.to_string()).await?;
    let contact = found.state.details().and_then(|client| client.contact.open());
    let name = contact.map_or_else(|| PLACEHOLDER.to_owned(), |contact| contact.name.clone());
    Ok((Some(name), contact.and_then(|contact| contact.phone.clone())))
}

/// What can be had beside, without prices: those are for the office.
async fn offered(app: &App, caller: &PortalCaller) -> Result<Vec<Value>, Problem> {
    let book = &app.prices.of(app, caller.org).await?.book;
    let active = book.addons.iter().filter(|addon| addon.is_active);
    Ok(active
        .map(|addon| {
            json!({
                "addon_id": addon.addon_id, "name": addon.name, "minutes": addon.default_minutes,
            })
        })
        .collect())
}
