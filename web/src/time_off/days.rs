//! The days on which nobody of the organisation goes out.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};

use super::{Part, Whose};
use crate::api::Reply;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, own, token};

const HERE: &str = "/days-off";

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route(HERE, get(show).post(declare)).route("/days-off/{id}/cancel", post(cancel))
}

#[derive(Template)]
#[template(path = "days_off.html")]
struct DaysPage {
    frame: Frame,
    form: Form,
    saved: bool,
    part: Part,
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let saved = fields.get("saved") == "1";
    page::show(&DaysPage { saved, ..days(&site, &staff, Form::default()).await? })
}

async fn days(site: &Site, staff: &Staff, form: Form) -> Result<DaysPage, Failure> {
    let own = own::of(site, staff).await?;
    let (key, whose) = (token::submission_key(), (Whose::Everybody, HERE.to_owned()));
    let part = Part::of(site, (staff, &own), whose, (&key, &form)).await?;
    Ok(DaysPage { frame: Frame::staff(staff, "days-off", false), form, saved: false, part })
}

async fn declare(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let StaffForm { staff, fields } = form;
    let done = super::declare(&site, &staff, Whose::Everybody, &fields).await;
    settled(&site, &staff, fields, done).await
}

async fn cancel(
    State(site): State<SiteState>,
    Path(block): Path<String>,
    form: StaffForm,
) -> Answer {
    let StaffForm { staff, fields } = form;
    let done = super::cancel(&site, &staff, id(&block)?, &fields).await;
    settled(&site, &staff, fields, done).await
}

/// The days as they have become, or why they have not.
async fn settled(
    site: &Site,
    staff: &Staff,
    fields: Fields,
    done: Result<Reply, Failure>,
) -> Answer {
    let form = Form::new("time-off", fields);
    page::settled(done, "/days-off?saved=1", form, |form| days(site, staff, form)).await
}
