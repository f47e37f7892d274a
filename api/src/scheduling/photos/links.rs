//! Links to photos: signed, for a minute, for one browser, and once where the installation wants it so.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::access::Permission;
use domain::id::{BookingId, OrgId, PhotoId};
use domain::scheduling::photos::PhotoError;
use projections::scheduling::photo_list::{self, PhotoList};
use projections::{Projection, tenant};
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Photos, WORK, known, scheduling, set};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, Path};
use crate::freshness::Freshness;
use crate::problem::{Code, Problem};
use crate::request::{RequestInfo, This, Who};
use crate::route::{Routes, public, staff};
use crate::state::{App, AppState};

/// A longer text is no link.
const LONGEST: usize = 1024;

/// Whoever takes a photo out of the application.
const VIEW: &[Permission] = &[Permission::BookingsView];

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(photo_link), scheduling(WORK))
        .add(routes!(link_of_photo), staff(WORK))
        .add(routes!(signed_download), public())
        .add(routes!(photo_by_token), public())
        .add(routes!(download_photo), scheduling(VIEW))
}

/// What a link says, in words of one syllable: it stands in an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    org: OrgId,
    order: BookingId,
    photo: PhotoId,
    /// In seconds.
    exp: i64,
    jti: Uuid,
    /// Of the browser that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ua: Option<String>,
    /// Whether it was made for the customer: then it works for as long as they agree.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    own: bool,
}

impl Claims {
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.exp, 0)
    }
}

impl Photos {
    fn sign(&self, claims: &Claims) -> Result<String, Problem> {
        let text = serde_json::to_vec(claims).map_err(|error| Problem::internal(&error))?;
        let text = URL_SAFE_NO_PAD.encode(text);
        let mac = hmac::sign(&self.key, text.as_bytes());
        Ok(format!("{text}.{}", hex::encode(mac)))
    }

    /// What a link says that we have made and that still works for `agent`.
    fn open(&self, token: &str, agent: &str, now: DateTime<Utc>) -> Option<Claims> {
        let (text, mac) = Some(token).filter(|token| token.len() <= LONGEST)?.split_once('.')?;
        hmac::verify(&self.key, text.as_bytes(), &hex::decode(mac).ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let works = claims.expires_at()? > now && claims.ua.as_ref().is_none_or(|ua| ua == agent);
        works.then_some(claims)
    }
}

/// What tells browsers apart, without saying which it is.
fn agent(info: &RequestInfo) -> String {
    let named = info.agent.as_ref().map(HeaderValue::as_bytes).unwrap_or_default();
    hex::encode(&digest(&SHA256, named).as_ref()[..16])
}

/// A link to a photo for whoever asks; for customers only while they agree that there are photos.
pub(in crate::scheduling) async fn link(
    app: &App,
    info: &RequestInfo,
    (org, order, photo): (OrgId, BookingId, PhotoId),
    own: bool,
) -> Result<Answer, Problem> {
    let booking = known(app, org, order).await?;
    set(app, org, order).await?.photo(photo).map_err(|error| Problem::refused(&error))?;
    if own && !booking.photo_consent {
        return Err(Problem::refused(&PhotoError::ConsentRequired));
    }
    let expires_at = app.now() + app.photos.life;
    let ua = app.photos.is_bound.then(|| agent(info));
    let jti = Uuid::new_v4();
    let claims = Claims { org, order, photo, exp: expires_at.timestamp(), jti, ua, own };
    let token = app.photos.sign(&claims)?;
    Answer::json(&json!({
        "url": format!("/v1/orders/{order}/photos/{photo}/signed-download?token={token}"),
        "expires_at": claims.expires_at(),
        "expires_in": app.photos.life.num_seconds(),
    }))
}

/// A link to a photo, for the browser that asks
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/photos/{photo_id}/signed_url",
    tag = "work",
    params(("order_id" = Uuid, Path), ("photo_id" = Uuid, Path)),
    responses((status = 200, description = "The link, and how long it works", content_type = "application/json", example = json!({
        "url": "/v1/orders/0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d/photos/0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e/signed-download?token=…",
        "expires_at": "2030-03-04T18:01:00Z", "expires_in": 60
    })))
)]
async fn photo_link(
    State(app): State<AppState>,
    This(info): This,
    caller: Caller,
    Path((order, photo)): Path<(BookingId, PhotoId)>,
) -> Result<Answer, Problem> {
    link(&app, &info, (caller.org(), order, photo), false).await
}

/// A link to a photo whose visit one does not know
#[utoipa::path(
    get,
    path = "/v1/admin/photos/{photo_id}/signed_url",
    tag = "work",
    params(("photo_id" = Uuid, Path)),
    responses((status = 200, description = "The link, and how long it works", content_type = "application/json"))
)]
async fn link_of_photo(
    State(app): State<AppState>,
    This(info): This,
    caller: Caller,
    fresh: Freshness,
    Path(photo): Path<PhotoId>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let reached = fresh.reach(&app, org, &[PhotoList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let order = photo_list::booking_of(&mut tx, org, photo).await?;
    drop(tx);
    let order = order.ok_or_else(|| Problem::refused(&PhotoError::NotFound))?;
    Ok(reached.mark(link(&app, &info, (org, order, photo), false).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Token {
    /// Of the link.
    #[serde(default)]
    token: String,
}

/// The file of a photo, by a link to it
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/photos/{photo_id}/signed-download",
    tag = "work",
    params(("order_id" = Uuid, Path), ("photo_id" = Uuid, Path), Token),
    responses(
        (status = 200, description = "The file", content_type = "image/jpeg"),
        (status = 401, description = "`photo_link_invalid`: no link of ours, over, or made for another browser"),
        (status = 403, description = "`photo.consent_required`: the customer agrees no longer"),
        (status = 410, description = "`photo_link_used`"),
        (status = 503, description = "`storage_unavailable`")
    )
)]
async fn signed_download(
    State(app): State<AppState>,
    This(info): This,
    headers: HeaderMap,
    Path((order, photo)): Path<(BookingId, PhotoId)>,
    Parameters(asked): Parameters<Token>,
) -> Result<Response, Problem> {
    hand_out(&app, &info, &headers, &asked.token, Some((order, photo))).await
}

/// The file of a photo, by a link that says nothing else
#[utoipa::path(
    get,
    path = "/photos/{token}",
    tag = "work",
    params(("token" = String, Path)),
    responses(
        (status = 200, description = "The file", content_type = "image/jpeg"),
        (status = 401, description = "`photo_link_invalid`: no link of ours, over, or made for another browser"),
        (status = 403, description = "`photo.consent_required`: the customer agrees no longer"),
        (status = 410, description = "`photo_link_used`"),
        (status = 503, description = "`storage_unavailable`")
    )
)]
async fn photo_by_token(
    State(app): State<AppState>,
    This(info): This,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    hand_out(&app, &info, &headers, &token, None).await
}

async fn hand_out(
    app: &App,
    info: &RequestInfo,
    headers: &HeaderMap,
    token: &str,
    named: Option<(BookingId, PhotoId)>,
) -> Result<Response, Problem> {
    let claims = app.photos.open(token, &agent(info), app.now());
    let claims = claims.ok_or_else(|| Problem::new(Code::PhotoLinkInvalid))?;
    let Claims { org, order, photo, .. } = claims;
    info.is_from(Who { org, user: None, role: None });
    let nothing = || Problem::refused(&PhotoError::NotFound);
    if named.is_some_and(|named| named != (order, photo)) || !is_meant(app, headers, org).await? {
        return Err(nothing());
    }
    let booking = known(app, org, order).await.map_err(|_| nothing())?;
    let set = set(app, org, order).await?;
    let found = set.photo(photo).map_err(|error| Problem::refused(&error))?;
    if claims.own && !booking.photo_consent {
        return Err(Problem::refused(&PhotoError::ConsentRequired));
    }
    if app.photos.once {
        let mut tx = tenant::begin(&app.reads, org).await?;
        let until = claims.expires_at().unwrap_or_else(|| app.now()) + TimeDelta::minutes(1);
        let is_first = photo_list::use_link(&mut tx, org, claims.jti, (until, app.now())).await?;
        tx.commit().await?;
        if !is_first {
            return Err(Problem::new(Code::PhotoLinkUsed));
        }
    }
    app.photos.answer(found).await
}

/// Whether whoever asks does so at the door of that organisation, or at nobody's.
async fn is_meant(app: &App, headers: &HeaderMap, org: OrgId) -> Result<bool, Problem> {
    let at_host = app.organisations.of_host(&app.reads, headers).await?;
    let by_header = app.organisations.of_header(&app.reads, headers).await?;
    Ok(at_host.into_iter().chain(by_header).all(|named| named.id == org))
}

/// The file of a photo
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/photos/{photo_id}/download",
    tag = "work",
    params(("order_id" = Uuid, Path), ("photo_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The file", content_type = "image/jpeg"),
        (status = 503, description = "`storage_unavailable`")
    )
)]
async fn download_photo(
    State(app): State<AppState>,
    caller: Caller,
    Path((order, photo)): Path<(BookingId, PhotoId)>,
) -> Result<Response, Problem> {
    known(&app, caller.org(), order).await?;
    let set = set(&app, caller.org(), order).await?;
    let found = set.photo(photo).map_err(|error| Problem::refused(&error))?;
    app.photos.answer(found).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::super::PhotoOptions;
    use super::*;

    fn photos(secret: &str) -> Photos {
        Photos::new(PhotoOptions {
            store: Arc::new(InMemory::new()),
            secret: secret.into(),
            life: TimeDelta::seconds(60),
            is_bound: true,
            once: false,
            most_bytes: 1,
        })
    }

    fn claims() -> Claims {
        Claims {
            org: Uuid::from_u128(1).into(),
            order: Uuid::from_u128(2).into(),
            photo: Uuid::from_u128(3).into(),
            exp: 60,
            jti: Uuid::from_u128(4),
            ua: Some("firefox".to_owned()),
            own: true,
        }
    }

    #[test]
    fn a_link_works_for_its_browser_until_it_is_over_and_as_it_was_made() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let (ours, theirs) = (photos("a secret"), photos("another"));
        let token = ours.sign(&claims()).unwrap();
        assert_eq!(ours.open(&token, "firefox", at(59)), Some(claims()));
        assert_eq!(ours.open(&token, "firefox", at(60)), None);
        assert_eq!(ours.open(&token, "curl", at(59)), None);
        assert_eq!(theirs.open(&token, "firefox", at(59)), None);
        let (text, mac) = token.split_once('.').unwrap();
        let mut other = claims();
        other.exp = 1_000;
        let forged = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&other).unwrap());
        for bad in ["", ".", text, &format!("{forged}.{mac}"), &format!("{text}.{mac}00"), "x.y.z"]
        {
            assert_eq!(ours.open(bad, "firefox", at(1)), None, "{bad}");
        }
    }
}
