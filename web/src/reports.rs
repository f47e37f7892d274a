//! Reports: figures over a range of days, as tables and bars, each with its table for a spreadsheet.

mod kinds;
mod section;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use futures::future::join_all;

use self::kinds::{KINDS, Kind};
use self::section::Section;
use crate::SiteState;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;

/// What every report on the page is asked for.
const ASKED: [&str; 4] = ["from", "to", "by", "as_of"];

pub(crate) fn routes() -> Router<SiteState> {
    Router::new().route("/reports", get(overview)).route("/reports/{file}", get(table))
}

#[derive(Template)]
#[template(path = "reports.html")]
struct OverviewPage {
    frame: Frame,
    filter: Form,
    sections: Vec<Section>,
}

/// What the API is asked for `kind`, of what was asked of the page.
fn parameters<'a>(kind: &'a Kind, fields: &'a Fields) -> Vec<(&'a str, &'a str)> {
    let named = ASKED.iter().filter_map(|name| Some((kind.parameter(name)?, fields.get(name))));
    named.chain(kind.always.iter().copied()).collect()
}

async fn overview(
    State(site): State<SiteState>,
    staff: Staff,
    Query(fields): Query<Fields>,
) -> Answer {
    let shown: Vec<&Kind> =
        KINDS.iter().filter(|kind| staff.session.may(kind.permissions)).collect();
    let asked = shown.iter().map(|kind| {
        let parameters = parameters(kind, &fields);
        let site = &site;
        let staff = &staff;
        async move { site.api.query(staff, kind.path, &parameters).await }
    });
    let answers = join_all(asked).await;
    let (mut sections, mut filter) = (Vec::new(), Form::new("filter", fields.clone()));
    let mut stale = false;
    for (kind, answer) in shown.into_iter().zip(answers) {
        match answer {
            Ok(reply) => {
                stale |= reply.stale;
                sections.push(Section::of(kind, &reply.read()?, &fields));
            }
            // One of them all names what is wrong with the range.
            Err(failure) if failure.is_about_input() => filter = filter.refused(&failure),
            // Switched off in this organisation, or not there yet.
            Err(Failure::Refused(refusal)) if [403, 404].contains(&refusal.status) => {}
            Err(failure) => return Err(failure),
        }
    }
    let frame = Frame::staff(&staff, "reports", stale);
    let is_sound = filter.message.is_empty();
    let status = if is_sound { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page::show_as(status, &OverviewPage { frame, filter, sections })
}

/// The table of one report, as the API gives it.
async fn table(
    State(site): State<SiteState>,
    staff: Staff,
    Path(file): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let name = file.strip_suffix(".csv").ok_or(Failure::NotFound)?;
    let kind = KINDS.iter().find(|kind| kind.name == name).ok_or(Failure::NotFound)?;
    let mut asked = parameters(kind, &fields);
    asked.push(("format", "csv"));
    site.api.passed_on(&staff, kind.path, &asked).await
}
