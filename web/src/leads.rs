//! Leads as staff see and move them.

mod changes;
mod list;
mod quotes;
mod record;
mod shape;

use axum::Router;

use crate::SiteState;
use crate::failure::Failure;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .merge(list::routes())
        .merge(record::routes())
        .merge(changes::routes())
        .merge(quotes::routes())
}

/// The id of a payment as it may stand in a path, encoded: it may say from where the money came, as in `manual:0198…:ET/77#1` or
/// `pi_3N…`.
pub(crate) fn payment_id(text: &str) -> Result<&str, Failure> {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:./#".contains(&byte);
    let fits =
        !text.is_empty() && !text.starts_with('.') && text.len() <= 255 && text.bytes().all(sign);
    if fits { Ok(text) } else { Err(Failure::NotFound) }
}

/// An id as it may stand in a path: anything else names nothing.
pub(crate) fn id(text: &str) -> Result<&str, Failure> {
    let fits =
        text.len() <= 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if fits && !text.is_empty() { Ok(text) } else { Err(Failure::NotFound) }
}
