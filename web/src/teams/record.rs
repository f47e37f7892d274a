//! One team: how it is set up, when it works, who is in it, when it has time off.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;

use super::hours::MODES;
use super::shape::{Details, Member};
use super::{HOURS, MANAGE};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::leads::id;
use crate::page::{self, Frame, Record};
use crate::time_off::{Part, Whose};
use crate::visitor::Staff;
use crate::{Site, SiteState, own, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/teams/{id}", get(show))
}

#[derive(Template)]
#[template(path = "team.html")]
#[expect(clippy::struct_excessive_bools, reason = "each shows a part of the page")]
struct RecordPage {
    frame: Frame,
    details: Details,
    members: Vec<Member>,
    next: Option<String>,
    off: Part,
    /// Of the team as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    saved: bool,
    may_manage: bool,
    may_plan: bool,
    may_see_workers: bool,
    form: Form,
}

impl RecordPage {
    fn here(&self) -> String {
        format!("/teams/{}", self.details.team.id)
    }

    /// Whether this page of the members shows `worker`.
    fn shows(&self, worker: &str) -> bool {
        self.members.iter().any(|one| one.id == worker)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }
}

async fn show(
    State(site): State<SiteState>,
    staff: Staff,
    Path(team): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let record = find(&site, &staff, id(&team)?, (Form::default(), fields.get("cursor"))).await?;
    page::show(&RecordPage { saved: fields.get("saved") == "1", ..record })
}

/// The team as it has become, or why it has not.
pub(super) async fn settled<T>(
    site: &Site,
    team: &str,
    (name, form): (&str, StaffForm),
    done: Result<T, Failure>,
) -> Answer {
    let StaffForm { staff, fields } = form;
    let address = format!("/teams/{team}");
    let record = Record { staff: &staff, section: "teams", address, typed: TYPED };
    let again = |form| find(site, &staff, team, (form, ""));
    record.settled(done, Form::new(name, fields), again).await
}

/// What may have been typed, and what the page calls it.
const TYPED: &[(&str, &str)] = &[
    ("Name", "name"),
    ("Parts of town", "zones"),
    ("Good at", "specializations"),
    ("Colour", "calendar_color"),
];

/// With the members that are behind `cursor`.
async fn find(
    site: &Site,
    staff: &Staff,
    team: &str,
    (form, cursor): (Form, &str),
) -> Result<RecordPage, Failure> {
    let own = own::of(site, staff).await?;
    let path = ["v1", "admin", "teams", team];
    let members = [&path[..], &["members"]].concat();
    let asked = [("limit", "200"), ("cursor", cursor)];
    let (details, members) = tokio::try_join!(
        site.api.query(staff, &path, &[]),
        site.api.query(staff, &members, &asked),
    )?;
    let next = page::more(&format!("/teams/{team}"), &[], members.next_cursor.as_deref());
    let (key, here) = (token::submission_key(), format!("/teams/{team}/time-off"));
    let off = Part::of(site, (staff, &own), (Whose::Team(team), here), (&key, &form)).await?;
    Ok(RecordPage {
        frame: Frame::staff(staff, "teams", details.stale || members.stale),
        version: details.version.clone().unwrap_or_default(),
        details: details.read()?,
        members: members.read()?,
        next,
        off,
        key,
        saved: false,
        may_manage: staff.session.may(MANAGE),
        may_plan: staff.session.may(HOURS),
        may_see_workers: staff.session.may(&["bookings.assign"]),
        form,
    })
}
