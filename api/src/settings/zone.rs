//! Says with every page of data on which clock the days of the organisation are.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::request::RequestInfo;
use crate::state::AppState;

const TIMEZONE: HeaderName = HeaderName::from_static("x-org-timezone");

/// Around every route: adds `X-Org-Timezone` to what was read on behalf of an organisation.
pub(crate) async fn tell_zone(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let info = request.extensions().get::<Arc<RequestInfo>>().cloned();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = next.run(request).await;
    let org = info.as_ref().and_then(|info| info.who()).map(|who| who.org);
    if let Some(org) = org.filter(|_| reads && response.status().is_success())
        // The answer is good without it.
        && let Ok(known) = app.settings.of(&app, org).await
        && let Ok(name) = HeaderValue::from_str(known.zone.name())
    {
        response.headers_mut().insert(TIMEZONE, name);
    }
    response
}
