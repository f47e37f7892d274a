//! What is not a page: styles, the script of the desk, icon, health.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::SiteState;

/// Short enough that a new release is seen soon.
const CACHED: &str = "public, max-age=300";

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/healthz", get(health))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .route("/dispatch.js", get(dispatch))
}

async fn health() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, r#"{"status":"ok"}"#)
}

async fn style() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, CACHED)];
    (headers, include_str!("../assets/style.css"))
}

async fn dispatch() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, CACHED)];
    (headers, include_str!("../assets/dispatch.js"))
}

async fn icon() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, CACHED)];
    (headers, include_str!("../assets/icon.svg"))
}
