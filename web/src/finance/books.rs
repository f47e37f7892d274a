//! Writing into the books: what every page of theirs sends.

use axum::http::Method;
use serde_json::Value;

use crate::Site;
use crate::api::{Command, Reply};
use crate::failure::Failure;
use crate::form::StaffForm;

/// The routes of the API.
pub(super) const ALL: [&str; 3] = ["v1", "admin", "finance"];

/// Needed to write into them.
pub(super) const MANAGE: &[&str] = &["finance.manage"];

/// Sends one change, unless what was typed cannot be read.
pub(super) async fn send(
    site: &Site,
    form: &StaffForm,
    (method, what): (Method, &[&str]),
    body: Result<Value, Failure>,
) -> Result<Reply, Failure> {
    let path = [&ALL[..], what].concat();
    let key = form.fields.get("key");
    let command = Command { method, path: &path, body: body?, key, version: "" };
    site.api.command(&form.staff, command).await
}
