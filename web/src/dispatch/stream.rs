//! Hands on what the API tells whoever watches a board, byte for byte, for as long as both sides listen.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::SiteState;
use crate::failure::Failure;
use crate::visitor::Staff;

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/dispatch/stream", get(watch))
}

async fn watch(
    State(site): State<SiteState>,
    staff: Staff,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let path = ["v1", "admin", "dispatcher", "board", "stream"];
    let last = headers.get("last-event-id");
    let stream = site.api.watch(&staff, &path, last).await?;
    let kept = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((kept, Body::from_stream(stream)).into_response())
}
