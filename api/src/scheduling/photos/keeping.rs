//! Files of photos: written as they come, read as they go.
//!
//! A file is there under its final name before anything is said about it in the log. Whoever dies in between leaves a file
//! that nobody knows; the jobs remove it a day later.

use axum::body::{Body, Bytes};
use axum::extract::multipart::Field;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use domain::id::{BookingId, OrgId};
use domain::scheduling::photos::{ImageType, Photo, PhotoError};
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStoreExt};
use projections::scheduling::photo_files::{self, Begun};
use projections::tenant;
use ring::digest::{Context, SHA256};
use uuid::Uuid;

use super::Photos;
use crate::problem::{Code, Problem};
use crate::state::App;

/// Written at once; the smallest that every store takes as a part of something larger.
const PART: usize = 5 * 1024 * 1024;

/// A file that is kept.
pub(super) struct Kept {
    pub(super) key: String,
    pub(super) size: i64,
    pub(super) sha256: String,
    pub(super) content_type: ImageType,
}

/// On the way into the store.
struct Writing<'a> {
    photos: &'a Photos,
    path: Path,
    kind: Option<ImageType>,
    waiting: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
}

/// Keeps what `field` brings, under a name that nothing else has. The name is noted before: a file of which nothing is said in
/// the log is found by it.
pub(super) async fn keep(
    app: &App,
    (org, booking): (OrgId, BookingId),
    field: Field<'_>,
) -> Result<Kept, Problem> {
    let begun = Begun { key: format!("orders/{org}/{booking}/{}", Uuid::now_v7()), booking };
    let mut tx = tenant::begin(&app.reads, org).await?;
    photo_files::begin(&mut tx, org, &begun, app.now()).await?;
    tx.commit().await?;
    app.photos.write(begun.key, field).await
}

impl Photos {
    async fn write(&self, key: String, mut field: Field<'_>) -> Result<Kept, Problem> {
        let path = Path::from(key.as_str());
        let mut writing =
            Writing { photos: self, path, kind: None, waiting: Vec::new(), parts: None };
        let (mut size, mut digest) = (0_u64, Context::new(&SHA256));
        let read = async {
            while let Some(chunk) = field.chunk().await.map_err(|error| unread(&error))? {
                size += chunk.len() as u64;
                if size > self.most_bytes {
                    return Err(Problem::new(Code::BodyTooLarge).detail("File too large"));
                }
                digest.update(&chunk);
                writing.take(&chunk).await?;
            }
            writing.finish().await
        };
        match read.await {
            Ok(content_type) => {
                let sha256 = hex::encode(digest.finish());
                Ok(Kept {
                    key,
                    size: i64::try_from(size).unwrap_or(i64::MAX),
                    sha256,
                    content_type,
                })
            }
            Err(problem) => {
                if let Some(mut parts) = writing.parts {
                    // What is left of it is removed with everything that nobody knows.
                    let _ = parts.abort().await;
                }
                Err(problem)
            }
        }
    }

    /// Removes a file that nothing was said about in the log.
    pub(super) async fn drop(&self, key: &str) {
        if let Err(error) = self.store.delete(&Path::from(key)).await {
            tracing::warn!(error = %error, "a file that nobody knows is left for the jobs to remove");
        }
    }

    /// The file of a photo, as it is read. Nobody on the way keeps it.
    pub(super) async fn answer(&self, photo: &Photo) -> Result<Response, Problem> {
        let found = match self.store.get(&Path::from(photo.key.as_str())).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => {
                tracing::error!(photo = %photo.photo_id, "the file of a photo is not there");
                return Err(Problem::refused(&PhotoError::NotFound));
            }
            Err(error) => return Err(away(&error)),
        };
        let (size, kind): (_, &'static str) = (found.meta.size, photo.content_type.into());
        let mut response = Response::new(Body::from_stream(found.into_stream()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CONTENT_LENGTH, size.into());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, private"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        let name =
            format!("inline; filename=\"{}.{}\"", photo.photo_id, photo.content_type.extension());
        if let Ok(name) = HeaderValue::from_str(&name) {
            headers.insert(header::CONTENT_DISPOSITION, name);
        }
        Ok(response)
    }
}

impl Writing<'_> {
    async fn take(&mut self, chunk: &Bytes) -> Result<(), Problem> {
        self.waiting.extend_from_slice(chunk);
        if self.kind.is_none() && self.waiting.len() >= ImageType::HEAD {
            self.is_an_image()?;
        }
        while self.waiting.len() >= PART {
            let rest = self.waiting.split_off(PART);
            let part = std::mem::replace(&mut self.waiting, rest);
            let parts = match &mut self.parts {
                Some(parts) => parts,
                none => {
                    let begun = self.photos.store.put_multipart(&self.path).await;
                    none.insert(begun.map_err(|error| away(&error))?)
                }
            };
            parts.put_part(part.into()).await.map_err(|error| away(&error))?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<ImageType, Problem> {
        if self.kind.is_none() {
            self.is_an_image()?;
        }
        let rest = std::mem::take(&mut self.waiting);
        let written = match &mut self.parts {
            None => self.photos.store.put(&self.path, rest.into()).await,
            Some(parts) => {
                if !rest.is_empty() {
                    parts.put_part(rest.into()).await.map_err(|error| away(&error))?;
                }
                parts.complete().await
            }
        };
        written.map_err(|error| away(&error))?;
        self.parts = None;
        self.kind.ok_or_else(|| Problem::refused(&PhotoError::Type))
    }

    fn is_an_image(&mut self) -> Result<(), Problem> {
        self.kind = ImageType::of(&self.waiting);
        if self.kind.is_some() { Ok(()) } else { Err(Problem::refused(&PhotoError::Type)) }
    }
}

/// The form ended early, or is none.
pub(super) fn unread(error: &axum::extract::multipart::MultipartError) -> Problem {
    tracing::debug!(error = %error, "a form with a file cannot be read");
    Problem::new(Code::UnreadableBody)
}

/// What went wrong at the store is logged here; whoever asks comes back.
fn away(error: &Error) -> Problem {
    tracing::warn!(error = %error, "the store of photos does not do what it is asked");
    Problem::retry(Code::StorageUnavailable, 5)
}
