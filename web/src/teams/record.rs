//! One team: how it is set up, when it works, who is in it, when it has time off.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;

use super::hours::MODES;
use super::shape::{Details, Member};
use super::{HOURS, MANAGE};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::leads::id;
use crate::page::{self, Frame};
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
    off: Part,
    /// Of the team as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    saved: bool,
    may_manage: bool,
    may_plan: bool,
    may_hire: bool,
    form: Form,
}

impl RecordPage {
    fn here(&self) -> String {
        format!("/teams/{}", self.details.team.id)
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
    let record = find(&site, &staff, id(&team)?, Form::default()).await?;
    page::show(&RecordPage { saved: fields.get("saved") == "1", ..record })
}

/// The record again, with a form that was not accepted; a change by somebody else has a page of its own.
pub(super) async fn refuse(
    site: &Site,
    staff: &Staff,
    team: &str,
    form: Form,
    failure: Failure,
) -> Answer {
    if failure.refusal().is_some_and(crate::failure::Refusal::is_conflict) {
        let frame = Frame::staff(staff, "teams", false);
        return page::conflict(frame, format!("/teams/{team}"), &form.fields, TYPED);
    }
    if !failure.is_refused_here() {
        return Err(failure);
    }
    let record = find(site, staff, team, form.refused(&failure)).await?;
    page::show_as(failure.status(), &record)
}

/// What may have been typed, and what the page calls it.
const TYPED: &[(&str, &str)] = &[
    ("Name", "name"),
    ("Parts of town", "zones"),
    ("Good at", "specializations"),
    ("Colour", "calendar_color"),
];

async fn find(site: &Site, staff: &Staff, team: &str, form: Form) -> Result<RecordPage, Failure> {
    let own = own::of(site, staff).await?;
    let path = ["v1", "admin", "teams", team];
    let members = [&path[..], &["members"]].concat();
    let (details, members) = tokio::try_join!(
        site.api.query(staff, &path, &[]),
        site.api.query(staff, &members, &[("limit", "200")]),
    )?;
    let (key, here) = (token::submission_key(), format!("/teams/{team}/time-off"));
    let off = Part::of(site, (staff, &own), (Whose::Team(team), here), (&key, &form)).await?;
    Ok(RecordPage {
        frame: Frame::staff(staff, "teams", details.stale || members.stale),
        version: details.version.clone().unwrap_or_default(),
        details: details.read()?,
        members: members.read()?,
        off,
        key,
        saved: false,
        may_manage: staff.session.may(MANAGE),
        may_plan: staff.session.may(HOURS),
        may_hire: staff.session.may(&["bookings.assign"]),
        form,
    })
}
