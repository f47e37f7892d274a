//! Photos of a visit at the portal of workers: a form is handed on to the API, and a file is handed back.

use axum::Router;
use axum::extract::multipart::Multipart;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::door::{Door, Guest};
use super::jobs::told;
use crate::SiteState;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, PublicForm};
use crate::leads::id;
use crate::visitor::Visitor;

/// A photo and its form; how large a photo may be is for the API to say.
const BODY: usize = 32 * 1024 * 1024;

/// Nothing in a photo looks like this.
const BOUNDARY: &str = "cut-8f14e45fceea167a5a36dedd4bea2543";

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/worker/jobs/{id}/photos", post(upload).layer(DefaultBodyLimit::max(BODY)))
        .route("/worker/jobs/{id}/photos/{photo}", get(show))
        .route("/worker/jobs/{id}/photos/{photo}/delete", post(delete))
}

async fn upload(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(job): Path<String>,
    mut form: Multipart,
) -> Answer {
    let job = id(&job)?;
    let (mut fields, mut file) = (Fields::new(), None);
    while let Some(part) = form.next_field().await.map_err(|_| Failure::Unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        let called = part.file_name().map(plain);
        let bytes = part.bytes().await.map_err(|_| Failure::Unreadable)?;
        match called {
            Some(called) => file = Some((called, bytes)),
            None => fields.set(&name, String::from_utf8_lossy(&bytes)),
        }
    }
    let guest = Guest::with_form(&site, Door::Worker, visitor.clone(), &headers, &fields)?;
    let (called, bytes) = file.unwrap_or_default();
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"phase\"\r\n\r\n{}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{called}\"\r\n\r\n",
        plain(fields.get("phase")),
    );
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    let body = [head.as_bytes(), &bytes, end.as_bytes()].concat();
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let done = guest.send_file(&site, &["worker", "jobs", job, "photos"], (&kind, body)).await;
    told(&site, (&guest, &visitor), job, done, Form::new("photos", fields)).await
}

/// Without what would end a line or a name.
fn plain(text: &str) -> String {
    text.chars().filter(|one| !one.is_control() && !"\"\\".contains(*one)).take(255).collect()
}

/// A link as the API makes it.
#[derive(Deserialize)]
struct Link {
    url: String,
}

async fn show(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((job, photo)): Path<(String, String)>,
) -> Answer {
    let guest = Guest::of(&site, Door::Worker, visitor, &headers)?;
    let path = ["worker", "jobs", id(&job)?, "photos", id(&photo)?, "signed_url"];
    let link: Link = guest.query(&site, &path).await?.read()?;
    let (kind, bytes) = guest.file(&site, &link.url).await?;
    let mut response: Response = bytes.into_response();
    let kind = HeaderValue::from_str(&kind).map_err(|_| Failure::Garbled)?;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

async fn delete(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((job, photo)): Path<(String, String)>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let job = id(&job)?;
    let guest = Guest::with_form(&site, Door::Worker, visitor.clone(), &headers, &fields)?;
    let path = ["worker", "jobs", job, "photos", id(&photo)?];
    let done = guest.remove(&site, &path).await;
    told(&site, (&guest, &visitor), job, done, Form::new("photos", fields)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_no_header() {
        assert_eq!(plain("a\"\r\nX: y\\.png"), "aX: y.png");
    }
}
