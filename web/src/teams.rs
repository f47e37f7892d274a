//! Teams as staff see them: which there are, when they work, who is in them, when they have time off.

mod changes;
mod hours;
mod list;
mod record;
pub(crate) mod shape;

use axum::Router;

use self::shape::Team;
use crate::api::Reply;
use crate::failure::{Failure, or_nothing};
use crate::visitor::Staff;
use crate::{Site, SiteState};

/// Needed to make teams and to set them up.
const MANAGE: &[&str] = &["users.manage"];

/// One of these is needed to say when they work.
const HOURS: &[&str] = &["schedule.blocking.manage", "settings.manage", "admin.manage"];

pub(crate) fn routes() -> Router<SiteState> {
    Router::new().merge(list::routes()).merge(record::routes()).merge(changes::routes())
}

/// The teams that take visits; none for somebody who may not see them.
pub(crate) async fn all(site: &Site, staff: &Staff) -> Result<Vec<Team>, Failure> {
    // Asking without the right to know would stand in the audit log.
    if !staff.session.may(&["core.view"]) {
        return Ok(Vec::new());
    }
    let answer = site.api.query(staff, &["v1", "admin", "teams"], &[("limit", "200")]).await;
    or_nothing(answer.and_then(Reply::read))
}
