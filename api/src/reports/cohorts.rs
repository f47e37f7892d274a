//! Whether customers come back: by the month of their first visit.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Months, NaiveDate, Utc};
use domain::settings::feature::Feature;
use domain::settings::zone;
use projections::reporting::read::{self, Stay};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{Format, Range, RangeQuery, says_how};
use super::explain::{Explain, Fact};
use super::periods::{Period, month, months_between};
use super::report::{Report, Row, row};
use super::then::Then;
use super::{FINANCE, report};
use crate::caller::Caller;
use crate::dashboard::share;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::instants;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(cohorts), report(FINANCE, Feature::Analytics))
        .add(routes!(retention), report(FINANCE, Feature::Analytics))
}

/// Months back from this one, where nothing else is said.
const USUAL: u32 = 11;

/// Months of a table of retention at most.
const MOST: i32 = 36;

/// The columns of such a table.
static COLUMNS: [&str; 38] = [
    "cohort",
    "customers",
    "month_0",
    "month_1",
    "month_2",
    "month_3",
    "month_4",
    "month_5",
    "month_6",
    "month_7",
    "month_8",
    "month_9",
    "month_10",
    "month_11",
    "month_12",
    "month_13",
    "month_14",
    "month_15",
    "month_16",
    "month_17",
    "month_18",
    "month_19",
    "month_20",
    "month_21",
    "month_22",
    "month_23",
    "month_24",
    "month_25",
    "month_26",
    "month_27",
    "month_28",
    "month_29",
    "month_30",
    "month_31",
    "month_32",
    "month_33",
    "month_34",
    "month_35",
];

/// The visits of each customer that were not called off, as they begin; those of whoever was merged are those of whoever stayed.
async fn histories(
    then: &mut Then,
    until: DateTime<Utc>,
) -> Result<BTreeMap<Uuid, Vec<Stay>>, Problem> {
    let at = then.at();
    let merges = read::merges(&mut then.db, at).await?;
    let mut all = BTreeMap::<Uuid, Vec<Stay>>::new();
    read::stays(&mut then.db, at, until, |stay| {
        all.entry(merges.survivor(stay.customer_id)).or_default().push(stay);
    })
    .await?;
    Ok(all)
}

fn fact<'a>(
    (figure, row): (&'static str, Value),
    (stay, id): (&Stay, &'a str),
    then: &Then,
) -> Fact<'a> {
    let (day, at, position) = (then.day(stay.starts_at), stay.starts_at, stay.position);
    Fact { figure, value: 1, row, kind: "booking", id, day, at, position }
}

/// Customers by the month of their first visit, and how many had another; that it was read is an entry of the audit log
///
/// Without a range, of this month and the eleven before it.
#[utoipa::path(
    get,
    path = "/v1/admin/analytics/cohorts",
    tag = "reports",
    params(RangeQuery),
    responses((status = 200, description = "A row for each month in which anybody had their first visit", content_type = "application/json", example = json!({
        "from": "2029-04-01", "to": "2030-03-15", "items": [{ "cohort": "2030-01", "customers": 10, "repeat_customers": 4, "repeat_rate": 0.4 }],
        "total": 1, "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn cohorts(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Response, Problem> {
    let how = asked.how()?;
    let mut then = Then::of(&app, &caller, fresh, how.as_of.as_deref()).await?;
    let to = asked.to.unwrap_or(then.today);
    let usual = Period::Month.of(to).checked_sub_months(Months::new(USUAL));
    let range = Range::of(asked.from.or(usual), asked.to, (then.today, then.zone))?;
    let mut explain = Explain::asked(&how)?;
    let mut rows = BTreeMap::<String, (i64, i64)>::new();
    for stays in histories(&mut then, DateTime::<Utc>::MAX_UTC).await?.values() {
        let Some(first) = stays.first().filter(|first| range.holds(first.starts_at)) else {
            continue;
        };
        let cohort = month(then.day(first.starts_at));
        let row = json!({ "cohort": cohort });
        let own = rows.entry(cohort).or_default();
        own.0 += 1;
        let id = first.booking_id.to_string();
        explain.say(&fact(("customers", row.clone()), (first, &id), &then));
        if let Some(second) = stays.get(1) {
            own.1 += 1;
            let id = second.booking_id.to_string();
            explain.say(&fact(("repeat_customers", row), (second, &id), &then));
        }
    }
    let line = |(cohort, (customers, repeat)): (String, (i64, i64))| {
        row(json!({
            "cohort": cohort, "customers": customers, "repeat_customers": repeat, "repeat_rate": share(repeat, customers),
        }))
    };
    let basis = json!({
        "cohort": "the month in which the first visit begins that was not called off",
        "repeat_customers": "those with at least one more visit that was not called off",
    });
    let report = Report {
        name: "cohorts",
        basis,
        about: json!({ "from": range.from, "to": range.to }),
        columns: &["cohort", "customers", "repeat_customers", "repeat_rate"],
        rows: rows.into_iter().map(line).collect(),
        list: Some("items"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RetentionQuery {
    /// How many months, this one included: 1 to 36, else 12.
    #[param(minimum = 1, maximum = 36)]
    months: Option<i32>,
    /// The last month is the one this day is in; today, if left out.
    day: Option<NaiveDate>,
    /// A position of the log or an instant: the report as it was then.
    as_of: Option<String>,
    /// `json` (the default), or `csv`: the whole table.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
    /// 1 shows the visits behind the figures, page by page, each with its event.
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

says_how!(RetentionQuery);

/// Those who had their first visit in one month: how many, and how many had one again in each month after.
#[derive(Clone, Default)]
struct Cohort {
    customers: i64,
    active: BTreeMap<i32, i64>,
}

impl Cohort {
    /// Of 1, month by month; what is still to come is nothing yet.
    fn retained(&self, months: i32, last: i32) -> Vec<Option<f64>> {
        let rate = |offset: i32| {
            let active = self.active.get(&offset).copied().unwrap_or(0);
            (offset <= last).then(|| share(active, self.customers))
        };
        (0..months).map(rate).collect()
    }
}

fn counted(
    stays: &[Stay],
    (first, last): (NaiveDate, NaiveDate),
    then: &Then,
    explain: &mut Explain,
    all: &mut BTreeMap<NaiveDate, Cohort>,
) {
    let Some(cohort) = stays.first().map(|stay| Period::Month.of(then.day(stay.starts_at))) else {
        return;
    };
    if cohort < first || cohort > last {
        return;
    }
    let own = all.entry(cohort).or_default();
    own.customers += 1;
    let mut seen = BTreeSet::new();
    for stay in stays {
        let offset = months_between(cohort, then.day(stay.starts_at));
        if seen.insert(offset) {
            *own.active.entry(offset).or_default() += 1;
            let (id, row) =
                (stay.booking_id.to_string(), json!({ "cohort": month(cohort), "month": offset }));
            explain.say(&fact(("active", row), (stay, &id), then));
        }
    }
}

/// How many of those who had their first visit in a month had one again in each month after; that it was read is an entry of
/// the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/analytics/clients/retention",
    tag = "reports",
    params(RetentionQuery),
    responses((status = 200, description = "A row for each month; `retained` begins with the month itself and is null for months to come", content_type = "application/json", example = json!({
        "months": 2, "day": "2030-03-15", "items": [{ "cohort": "2030-02", "customers": 4, "retained": [1.0, 0.5] },
            { "cohort": "2030-03", "customers": 2, "retained": [1.0, null] }],
        "total": 2, "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn retention(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RetentionQuery>,
) -> Result<Response, Problem> {
    let (how, months) = (asked.how()?, asked.months.unwrap_or(12));
    if !(1..=MOST).contains(&months) {
        return Err(Problem::field("months", format!("Input should be from 1 to {MOST}")));
    }
    let mut then = Then::of(&app, &caller, fresh, how.as_of.as_deref()).await?;
    let day = asked.day.unwrap_or(then.today);
    let far = || Problem::field("day", "Input should be a near date");
    instants::near("day", day)?;
    let last = Period::Month.of(day);
    let back = Months::new(months.unsigned_abs() - 1);
    let first = last.checked_sub_months(back).ok_or_else(far)?;
    let next = last.checked_add_months(Months::new(1)).ok_or_else(far)?;
    let until = zone::start_of(next, then.zone);
    let (mut all, mut explain) = (BTreeMap::new(), Explain::asked(&how)?);
    let mut cohort = first;
    while cohort <= last {
        all.insert(cohort, Cohort::default());
        cohort = cohort.checked_add_months(Months::new(1)).ok_or_else(far)?;
    }
    for stays in histories(&mut then, until).await?.values() {
        counted(stays, (first, last), &then, &mut explain, &mut all);
    }
    let retained = all.into_iter().map(|(cohort, own)| {
        let rates = own.retained(months, months_between(cohort, last));
        (json!({ "cohort": month(cohort), "customers": own.customers }), rates)
    });
    let retained: Vec<(Value, Vec<Option<f64>>)> = retained.collect();
    let line = |(about, rates): &(Value, Vec<Option<f64>>)| {
        let mut line = row(about.clone());
        line.insert("retained".to_owned(), json!(rates));
        line
    };
    let cells = |(about, rates): &(Value, Vec<Option<f64>>)| {
        let mut line: Row = row(about.clone());
        let named = rates.iter().enumerate().map(|(n, rate)| (format!("month_{n}"), json!(rate)));
        line.extend(named);
        line
    };
    let basis = json!({
        "customers": "those whose first visit that was not called off begins in the month",
        "retained": "the share of them with a visit that was not called off in each month, the first one included",
    });
    let report = Report {
        name: "retention",
        basis,
        about: json!({ "months": months, "day": day }),
        columns: &COLUMNS[..usize::try_from(months + 2).unwrap_or(COLUMNS.len())],
        rows: retained.iter().map(line).collect(),
        list: Some("items"),
        sheet: Some(retained.iter().map(cells).collect()),
    };
    report.answer(&then, &how, explain)
}
