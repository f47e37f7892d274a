//! Where customers come from: the ways by which they met the organisation, and what each source brought in a month.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use domain::personal::PLACEHOLDER;
use domain::settings::feature::Feature;
use projections::reporting::read;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::asked::{Format, Range, RangeQuery, says_how};
use super::explain::{Explain, Fact};
use super::periods::month;
use super::report::{Report, row};
use super::then::Then;
use super::{FINANCE, SETTINGS, report};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(attribution_paths), report(FINANCE, Feature::Analytics))
        .add(routes!(lead_sources), report(SETTINGS, Feature::MarketingAnalytics))
}

/// By which ways those who asked for an offer came; that it was read is an entry of the audit log
///
/// A way is the first that is known of source, medium, campaign and landing page.
#[utoipa::path(
    get,
    path = "/v1/admin/analytics/attribution/paths",
    tag = "reports",
    params(RangeQuery),
    responses((status = 200, description = "A row for each way, the most frequent first", content_type = "application/json", example = json!({
        "from": "2030-03-01", "to": "2030-03-31", "items": [{ "path": "google", "lead_count": 12 }], "total": 1,
        "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn attribution_paths(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Response, Problem> {
    let (how, mut then, range) = Then::over(&app, &caller, fresh, &asked, &[]).await?;
    let at = then.at();
    let leads = read::leads(&mut then.db, at, range.window).await?;
    let (mut paths, mut explain) = (BTreeMap::<String, i64>::new(), Explain::asked(&how)?);
    for lead in leads.iter().filter(|lead| range.holds(lead.submitted_at)) {
        let path = lead.path.clone().unwrap_or_else(|| PLACEHOLDER.to_owned());
        explain.say(&Fact {
            figure: "lead_count",
            value: 1,
            row: json!({ "path": path }),
            kind: "lead",
            id: &lead.lead_id.to_string(),
            day: then.day(lead.submitted_at),
            at: lead.submitted_at,
            position: lead.submitted_position,
        });
        *paths.entry(path).or_default() += 1;
    }
    let mut paths: Vec<(String, i64)> = paths.into_iter().collect();
    paths.sort_by_key(|(_, count)| -count);
    let rows =
        paths.into_iter().map(|(path, count)| row(json!({ "path": path, "lead_count": count })));
    let report = Report {
        name: "attribution_paths",
        basis: json!({ "lead_count": "requests for an offer, on the day they came" }),
        about: json!({ "from": range.from, "to": range.to }),
        columns: &["path", "lead_count"],
        rows: rows.collect(),
        list: Some("items"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MonthQuery {
    /// A month like `2030-03`; this one, if left out.
    period: Option<String>,
    /// A position of the log or an instant: the report as it was then.
    as_of: Option<String>,
    /// `json` (the default), or `csv`: the whole table.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
    /// 1 shows the facts behind the figures, page by page, each with its event.
    #[param(minimum = 0, maximum = 1)]
    explain: Option<u8>,
    /// `explain.next_after` of the page before.
    explain_after: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<usize>,
    /// Rows of a page: 1 to 1000, else 366; of facts 500 at most, else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

says_how!(MonthQuery);

/// The days of a month.
fn days(period: Option<&str>, then: &Then) -> Result<Range, Problem> {
    let bad = || Problem::field("period", "Input should be a month like 2030-03");
    let named = period.map(|text| {
        let first = format!("{text}-01").parse::<NaiveDate>().ok();
        first.filter(|first| month(*first) == text).ok_or_else(bad)
    });
    let first = named.unwrap_or(Ok(super::periods::Period::Month.of(then.today)))?;
    let next = first.checked_add_months(chrono::Months::new(1));
    let last = next.and_then(|next| next.pred_opt());
    Range::of(Some(first), last, (then.today, then.zone)).map_err(|_| bad())
}

/// What a source brought.
#[derive(Clone, Copy, Default)]
struct Brought {
    leads: i64,
    bookings: i64,
    revenue: i64,
}

fn basis() -> Value {
    json!({
        "leads": "requests for an offer, on the day they came",
        "bookings": "visits for whoever asked for an offer, on the day they were asked for",
        "revenue_cents": "what visits for whoever asked for an offer cost with extras, on the day they were completed",
        "spend_cents": "not kept",
    })
}

struct Sources<'a> {
    then: &'a Then,
    all: BTreeMap<String, Brought>,
    explain: &'a mut Explain,
}

impl Sources<'_> {
    fn of(&mut self, source: Option<&String>) -> (String, &mut Brought) {
        let source = source.cloned().unwrap_or_else(|| PLACEHOLDER.to_owned());
        (source.clone(), self.all.entry(source).or_default())
    }

    fn say(
        &mut self,
        (figure, value): (&'static str, i64),
        source: &str,
        (kind, id): (&'static str, uuid::Uuid),
        (at, position): (chrono::DateTime<chrono::Utc>, i64),
    ) {
        let (row, id, day) = (json!({ "source": source }), id.to_string(), self.then.day(at));
        self.explain.say(&Fact { figure, value, row, kind, id: &id, day, at, position });
    }

    fn visit(&mut self, visit: &read::Visit, range: &Range) {
        if visit.lead_id.is_none() {
            return;
        }
        let subject = ("booking", visit.booking_id);
        if range.holds(visit.requested_at) {
            let (source, own) = self.of(visit.source.as_ref());
            own.bookings += 1;
            let when = (visit.requested_at, visit.requested_position);
            self.say(("bookings", 1), &source, subject, when);
        }
        let done = visit.completed_at.zip(visit.completed_position);
        if let Some(when) = done.filter(|(at, _)| range.holds(*at)) {
            let cents = visit.value();
            let (source, own) = self.of(visit.source.as_ref());
            own.revenue = own.revenue.saturating_add(cents);
            self.say(("revenue_cents", cents), &source, subject, when);
        }
    }
}

/// What each source of requests brought in a month; that it was read is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/marketing/analytics/lead-sources",
    tag = "reports",
    params(MonthQuery),
    responses((status = 200, description = "A row for each source; `spend_cents` is null: what was spent on them is not kept", content_type = "application/json", example = json!({
        "period": "2030-03", "items": [{ "source": "google", "leads": 12, "bookings": 5, "revenue_cents": 90000, "spend_cents": null }],
        "total": 1, "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn lead_sources(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<MonthQuery>,
) -> Result<Response, Problem> {
    let how = asked.how()?;
    let mut then = Then::of(&app, &caller, fresh, how.as_of.as_deref()).await?;
    let range = days(asked.period.as_deref(), &then)?;
    let at = then.at();
    let leads = read::leads(&mut then.db, at, range.window).await?;
    let mut visits = Vec::new();
    read::visits(&mut then.db, at, range.window, |visit| visits.push(visit)).await?;
    let mut explain = Explain::asked(&how)?;
    let mut sources = Sources { then: &then, all: BTreeMap::new(), explain: &mut explain };
    for lead in leads.iter().filter(|lead| range.holds(lead.submitted_at)) {
        let (source, own) = sources.of(lead.source.as_ref());
        own.leads += 1;
        let when = (lead.submitted_at, lead.submitted_position);
        sources.say(("leads", 1), &source, ("lead", lead.lead_id), when);
    }
    for visit in &visits {
        sources.visit(visit, &range);
    }
    let rows = sources.all.into_iter().map(|(source, own)| {
        row(json!({
            "source": source, "leads": own.leads, "bookings": own.bookings, "revenue_cents": own.revenue, "spend_cents": null,
        }))
    });
    let report = Report {
        name: "lead_sources",
        basis: basis(),
        about: json!({ "period": month(range.from) }),
        columns: &["source", "leads", "bookings", "revenue_cents", "spend_cents"],
        rows: rows.collect(),
        list: Some("items"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}
