//! Taking photos in: a form with a file, kept first and told to the log after.

use std::str::FromStr;

use axum::extract::State;
use axum::extract::multipart::Field;
use commands::{CommandError, Context, Done};
use domain::access::Permission;
use domain::billing::plan::Counted;
use domain::id::{BookingId, OrgId, PhotoId, WorkerId};
use domain::recorded::Actor;
use domain::scheduling::booking::Details;
use domain::scheduling::checklist::Phase;
use domain::scheduling::photos::{PhotoCommand, PhotoError, PhotoSet, Upload};
use domain::settings::feature::Feature;
use ring::digest::{SHA256, digest};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::keeping::{Kept, keep, unread};
use super::{QUALITY, WORK, known, scheduling, told};
use crate::answer::Answer;
use crate::billing::{add_bytes, over_limit};
use crate::caller::Caller;
use crate::command::FileRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

/// Several photos of a visit may come at once; each is told to the log in its turn.
const TURNS: usize = 8;

/// Longest word in a field of the form.
const WORD: usize = 64;

pub(super) fn routes() -> Routes {
    let evidence = staff(QUALITY).feature(Feature::QualityPhotoEvidence);
    Routes::default()
        .add(routes!(upload_photo), scheduling(WORK).action("photo.upload").takes_file())
        .add(routes!(upload_evidence), evidence.action("photo.upload").takes_file())
}

/// Who brings a photo.
pub(in crate::scheduling) struct Taker {
    pub(in crate::scheduling) org: OrgId,
    pub(in crate::scheduling) actor: Actor,
    pub(in crate::scheduling) worker: Option<WorkerId>,
    /// Whether they may do so without the consent of the customer.
    pub(in crate::scheduling) may_override: bool,
}

impl Taker {
    fn staff(caller: &Caller) -> Self {
        let may_override = caller.may(Permission::AdminManage);
        Self { org: caller.org(), actor: caller.actor(), worker: None, may_override }
    }
}

/// A form with a photo.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form, which is read part by part")]
pub(in crate::scheduling) struct PhotoForm {
    /// `BEFORE` or `AFTER` the work.
    phase: String,
    /// `true` takes it in without the consent of the customer, by whoever holds `admin.manage`.
    admin_override: Option<bool>,
    /// A JPEG, PNG or WebP image, 10 MiB at most unless configured otherwise.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// Take in a photo of a visit
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/photos",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    request_body(content = PhotoForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The photo", content_type = "application/json"),
        (status = 400, description = "`photo.type`: the file is no JPEG, PNG or WebP image"),
        (status = 402, description = "`plan.storage_limit`"),
        (status = 403, description = "`photo.consent_required`"),
        (status = 503, description = "`storage_unavailable`")
    )
)]
async fn upload_photo(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: FileRequest,
) -> Result<Answer, Problem> {
    take_in(&app, Taker::staff(&caller), id, request).await
}

/// Take in a photo of a visit as evidence
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/photos",
    tag = "work",
    params(("booking_id" = Uuid, Path)),
    request_body(content = PhotoForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The photo", content_type = "application/json"),
        (status = 400, description = "`photo.type`: the file is no JPEG, PNG or WebP image"),
        (status = 402, description = "`plan.storage_limit`"),
        (status = 403, description = "`photo.consent_required`"),
        (status = 503, description = "`storage_unavailable`")
    )
)]
async fn upload_evidence(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: FileRequest,
) -> Result<Answer, Problem> {
    take_in(&app, Taker::staff(&caller), id, request).await
}

/// What the form said beside the file.
#[derive(Default)]
struct Form {
    phase: Option<Phase>,
    overrides: bool,
    file: Option<(Kept, String)>,
}

/// Keeps the file, then tells the log. A file that the log does not take is removed again.
pub(in crate::scheduling) async fn take_in(
    app: &App,
    taker: Taker,
    id: BookingId,
    mut request: FileRequest,
) -> Result<Answer, Problem> {
    let booking = known(app, taker.org, id).await?;
    let mut form = Form::default();
    let read = read(app, (&taker, &booking), id, &mut request, &mut form).await;
    let Form { phase, overrides, file } = form;
    let complete = read.and_then(|()| {
        let missing = |field: &str| Problem::field(field, "Field required");
        phase.ok_or_else(|| missing("phase"))
    });
    let (phase, (kept, name)) = match (complete, file) {
        (Ok(phase), Some(file)) => (phase, file),
        (Ok(_), None) => return Err(Problem::field("file", "Field required")),
        (Err(problem), None) => return Err(problem),
        (Err(problem), Some((kept, _))) => {
            app.photos.drop(&kept.key).await;
            return Err(problem);
        }
    };
    let word: &str = phase.into();
    let asked = format!("{} {word} {overrides} {name}", kept.sha256);
    let command = request.command(digest(&SHA256, asked.as_bytes()).as_ref());
    let mut context = command.context_of(taker.org, taker.actor.clone());
    let photo_id = PhotoId::from(context.request.derived_id("photo"));
    let upload = Upload {
        photo_id,
        booking: id,
        phase,
        content_type: kept.content_type,
        size: kept.size,
        sha256: kept.sha256,
        key: kept.key.clone(),
        name,
        subject: booking.subject(),
        has_consent: booking.photo_consent,
        despite_consent: overrides,
        by: taker.actor.id,
        worker: taker.worker,
        now: app.now(),
    };
    context.beside.push(add_bytes(&app.bus, taker.org, kept.size).await?);
    match tell(app, &context, id, upload).await {
        Ok(done) => {
            // What was carried out before has a file of its own.
            if done.replayed {
                app.photos.drop(&kept.key).await;
            }
            Ok(Answer::done(&done).created())
        }
        // It may stand in the log after all; if it does not, the jobs remove the file.
        Err(error @ CommandError::OutcomeUnknown { .. }) => Err(error.into()),
        Err(error) => {
            app.photos.drop(&kept.key).await;
            Err(over_limit(error, Counted::StorageBytes))
        }
    }
}

/// Photos that come at once are told one after the other.
async fn tell(
    app: &App,
    context: &Context,
    id: BookingId,
    upload: Upload,
) -> Result<Done, CommandError<PhotoError>> {
    let photo_id = upload.photo_id;
    let command = PhotoCommand::Upload(Box::new(upload));
    let mut turns = 0;
    loop {
        turns += 1;
        let answer = |set: &PhotoSet| told(set, photo_id);
        let done = app.bus.execute(context, &id.to_string(), command.clone(), answer).await;
        match done {
            Err(CommandError::Conflict) if turns < TURNS => {}
            done => return done,
        }
    }
}

async fn read(
    app: &App,
    (taker, booking): (&Taker, &Details),
    id: BookingId,
    request: &mut FileRequest,
    form: &mut Form,
) -> Result<(), Problem> {
    let parts = request.parts()?;
    while let Some(field) = parts.next_field().await.map_err(|error| unread(&error))? {
        match field.name().unwrap_or_default() {
            "phase" => {
                let phase = Phase::from_str(&word(field).await?);
                let message = "Input should be BEFORE or AFTER";
                form.phase = Some(phase.map_err(|_| Problem::field("phase", message))?);
            }
            "admin_override" => {
                form.overrides = match word(field).await?.as_str() {
                    "true" | "1" | "on" => true,
                    "false" | "0" | "" => false,
                    _ => {
                        return Err(Problem::field(
                            "admin_override",
                            "Input should be true or false",
                        ));
                    }
                };
                if form.overrides && !taker.may_override {
                    return Err(Problem::forbidden(Permission::AdminManage));
                }
            }
            "file" if form.file.is_some() => {
                return Err(Problem::field("file", "Given more than once"));
            }
            "file" => {
                // Said before the file is read, by whatever it would be refused for anyway.
                if !booking.photo_consent && !taker.may_override {
                    return Err(Problem::refused(&PhotoError::ConsentRequired));
                }
                let name = named(field.file_name().unwrap_or_default());
                let kept = keep(app, (taker.org, id), field).await?;
                form.file = Some((kept, name));
            }
            other => {
                let field: String = other.chars().take(WORD).collect();
                return Err(Problem::field(&field, "Extra inputs are not permitted"));
            }
        }
    }
    Ok(())
}

/// The last part of a path, without what cannot be shown.
fn named(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|one| !one.is_control()).take(255).collect();
    let shown = domain::input::text("filename", &shown, 1..=255);
    shown.unwrap_or_else(|_| "photo".to_owned())
}

async fn word(mut field: Field<'_>) -> Result<String, Problem> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| unread(&error))? {
        text.extend_from_slice(&chunk);
        if text.len() > WORD {
            return Err(Problem::field(&name, format!("At most {WORD} bytes")));
        }
    }
    let text = String::from_utf8(text).map_err(|_| Problem::field(&name, "Input should be UTF-8"));
    Ok(text?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_path_only_its_end_is_kept() {
        assert_eq!(named("C:\\photos\\kitchen.jpg"), "kitchen.jpg");
        assert_eq!(named("../../etc/passwd"), "passwd");
        assert_eq!(named("küche\u{0}.png"), "küche.png");
        for nothing in ["", "/", " ", "\u{7}"] {
            assert_eq!(named(nothing), "photo");
        }
    }
}
