//! The organisation of whoever is signed in: what is public is asked for in its name, and days begin on its clock.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::failure::Failure;
use crate::visitor::{Staff, Visitor};
use crate::{Site, clock};

#[derive(Deserialize)]
struct Whoami {
    org_id: String,
}

/// Whose pages these are.
pub(crate) struct Own {
    /// Asks for what everybody may know of it: a login does not say that, and a host need not.
    pub(crate) visitor: Visitor,
    pub(crate) today: NaiveDate,
}

/// The organisation that somebody acts for.
pub(crate) async fn of(site: &Site, staff: &Staff) -> Result<Own, Failure> {
    let reply = site.api.query(staff, &["v1", "admin", "whoami"], &[]).await?;
    let me: Whoami = reply.read()?;
    let today = clock::today().ok_or(Failure::Garbled)?;
    // The host would win over the name, and may be that of another organisation.
    let visitor = Visitor { host: None, ..staff.visitor.clone() };
    Ok(Own { visitor: visitor.at(&me.org_id), today })
}
