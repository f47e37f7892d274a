//! The moment that a report is about: a position of the log, and the clock and the settings that held there.

use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::settings::org::OrgSettings;
use projections::history::entity;
use projections::history::moment::{self, Moment};
use projections::reporting::leads::ReportLeads;
use projections::reporting::money::ReportMoney;
use projections::reporting::people::ReportPeople;
use projections::reporting::read::At;
use projections::reporting::visits::ReportVisits;
use projections::{Projection, engine, tenant};
use sqlx::{Postgres, Transaction};

use super::asked::{How, Range, RangeQuery};
use crate::caller::Caller;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::state::App;

/// What every report may be made of.
const SOURCES: [&str; 4] =
    [ReportLeads::NAME, ReportMoney::NAME, ReportPeople::NAME, ReportVisits::NAME];

pub(super) struct Then {
    pub(super) db: Transaction<'static, Postgres>,
    pub(super) position: i64,
    pub(super) zone: Tz,
    pub(super) settings: OrgSettings,
    /// The day that it is, whatever the report is as of.
    pub(super) today: NaiveDate,
    /// Whether the answer lacks something that was asked for.
    pub(super) is_stale: bool,
    org: domain::id::OrgId,
}

impl Then {
    /// What most reports begin with: how they are answered, their moment, and their days. `more` is what one is made of
    /// beside what all are.
    pub(super) async fn over(
        app: &App,
        caller: &Caller,
        fresh: Freshness,
        asked: &RangeQuery,
        more: &[&'static str],
    ) -> Result<(How, Self, Range), Problem> {
        let how = asked.how()?;
        let then = Self::with(app, caller, fresh, how.as_of.as_deref(), more).await?;
        let range = Range::of(asked.from, asked.to, (then.today, then.zone))?;
        Ok((how, then, range))
    }

    /// What is known now, or what was known then.
    pub(super) async fn of(
        app: &App,
        caller: &Caller,
        fresh: Freshness,
        as_of: Option<&str>,
    ) -> Result<Self, Problem> {
        Self::with(app, caller, fresh, as_of, &[]).await
    }

    /// As [`Self::of`], for a report that is made of `more` than the others.
    async fn with(
        app: &App,
        caller: &Caller,
        fresh: Freshness,
        as_of: Option<&str>,
        more: &[&'static str],
    ) -> Result<Self, Problem> {
        let (org, sources) = (caller.org(), [&SOURCES[..], more].concat());
        let asked = match as_of {
            None => None,
            Some(text) => {
                let asked: Moment = text.parse()?;
                let mut db = tenant::begin(&app.reads, org).await?;
                Some(moment::resolve(&mut db, org, asked).await?)
            }
        };
        let fresh = asked.map_or(fresh, Freshness::at_least);
        let reached = fresh.reach(app, org, &sources).await?;
        let mut db = tenant::begin(&app.reads, org).await?;
        let position = match asked {
            Some(position) => position,
            None => engine::standing(&mut db, org, &sources).await?,
        };
        let id = org.to_string();
        let settings = entity::as_of::<OrgSettings>(&mut db, &app.keys, org, &id, position).await?;
        let settings = settings.map(|found| found.state).unwrap_or_default();
        let registered = app.organisations.registered(&app.reads, org).await?;
        let zone = settings.zone(&registered.timezone);
        let today = app.now().with_timezone(&zone).date_naive();
        let is_stale = reached.is_stale();
        Ok(Self { db, position, zone, settings, today, is_stale, org })
    }

    /// For queries, beside the transaction that they run in.
    pub(super) fn at(&self) -> At<'static> {
        At { org: self.org, position: self.position, zone: self.zone.name() }
    }

    pub(super) fn day(&self, at: chrono::DateTime<chrono::Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    pub(super) fn currency(&self) -> &'static str {
        self.settings.currency.into()
    }
}
