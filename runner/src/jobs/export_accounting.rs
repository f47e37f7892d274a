//! Writes down the invoices of each month that is over, as an accountant takes them, once for each organisation.
//!
//! The table is stored in the transaction that appends the event with its digest, and the stream of that event is named after the
//! month: whoever comes second finds the work done, and one that dies leaves nothing behind.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use commands::{Beside, CommandBus, CommandError, Context, RequestKey};
use domain::finance::accounting_export::{AccountingExport, AccountingExportCommand};
use domain::finance::month::Month;
use domain::id::OrgId;
use domain::invoicing::invoice::status::Status;
use domain::recorded::Actor;
use domain::settings::feature::Feature;
use domain::settings::org::OrgSettings;
use projections::engine::{self, Waited};
use projections::finance::accounting_months::{self, Unwritten};
use projections::history::moment;
use projections::invoicing::invoice_list::{self, Filter, InvoiceList, Item, PAGE, Sheet};
use projections::{Projection, tenant};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::pulse::Pulse;

/// In heartbeats.
pub const NAME: &str = "accounting-export";

/// How often is looked whether a month is over.
const EVERY: Duration = Duration::from_mins(10);

/// A list that is further behind the log than this is waited for until the next look.
const PATIENCE: Duration = Duration::from_secs(2);

/// As the table that anybody takes out by hand. Source: the jobs of the business, 11.6.
const COUNTING: [Status; 4] = [Status::Sent, Status::Paid, Status::Partial, Status::Overdue];

/// Writes tables of months.
pub struct ExportAccounting {
    db: PgPool,
    bus: CommandBus,
    clock: api::Clock,
}

/// What was read of a month.
struct Table {
    csv: String,
    row_count: u64,
}

impl ExportAccounting {
    /// Of every organisation.
    pub fn new(db: PgPool, bus: CommandBus, clock: api::Clock) -> Self {
        Self { db, bus, clock }
    }

    /// Looks now and then, until `stop`.
    pub async fn run(&self, pulse: &Pulse, stop: CancellationToken) {
        loop {
            let written = pulse.pass(NAME, self.export(|| pulse.alive(NAME))).await;
            if let Err(error) = written {
                tracing::warn!(error = %format!("{error:#}"), "months not written for accountants");
            }
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Writes every month that is over and is not written yet, and returns how many these were.
    pub async fn export_due(&self) -> anyhow::Result<usize> {
        self.export(|| ()).await
    }

    async fn export(&self, alive: impl Fn()) -> anyhow::Result<usize> {
        let now = (self.clock)();
        let (mut written, mut first_error) = (0, None);
        // Around the turn of a month another one is over for some than for others.
        for month in ahead_and_behind(now) {
            for one in accounting_months::unwritten(&self.db, month.first()).await? {
                alive();
                match self.export_one(&one, month, now).await {
                    Ok(done) => written += usize::from(done),
                    // The others do not wait for one of them.
                    Err(error) => {
                        tracing::warn!(org = %one.org, "a month was not written for accountants");
                        first_error.get_or_insert(error);
                    }
                }
            }
        }
        first_error.map_or(Ok(written), Err)
    }

    /// Whether the month was over and is written now.
    async fn export_one(
        &self,
        one: &Unwritten,
        month: Month,
        now: DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        let org = one.org;
        let settings = self.bus.load::<OrgSettings>(org, &org.to_string()).await?.state;
        let zone = settings.zone(&one.registered_zone);
        if last_over(now, zone) != month || is_older(one.created_at, zone, month) {
            return Ok(false);
        }
        if !settings.features().contain(Feature::Finance) {
            return Ok(false);
        }
        let Some(table) = self.table(org, month).await? else { return Ok(false) };
        let sha256 = hex::encode(digest(&SHA256, table.csv.as_bytes()));
        let mut context = context(org, month);
        context.beside.push(Beside(json!({
            "do": "books.store_month", "month": month.first(), "row_count": table.row_count,
            "generated_at": now.to_rfc3339_opts(SecondsFormat::Micros, true),
            "sha256": sha256, "csv": table.csv,
        })));
        let row_count = table.row_count;
        let command = AccountingExportCommand::Note { month, row_count, sha256, now };
        let nothing = |_: &AccountingExport| Value::Null;
        match self.bus.execute(&context, &month.to_string(), command, nothing).await {
            Ok(done) => Ok(!done.replayed),
            // Another process was faster.
            Err(CommandError::Conflict | CommandError::KeyReused) => Ok(false),
            Err(error) => Err(anyhow::anyhow!("{error}")),
        }
    }

    /// The table of a month, all of it as of one moment; `None` while the list is behind the log.
    async fn table(&self, org: OrgId, month: Month) -> anyhow::Result<Option<Table>> {
        let mut tx = tenant::begin(&self.db, org).await?;
        let head = moment::head(&mut tx, org).await?;
        drop(tx);
        let deadline = Instant::now() + PATIENCE;
        let list = [InvoiceList::NAME];
        let waited = engine::wait_for(&self.db, org, &list, head, deadline).await?;
        if waited != Waited::Reached {
            return Ok(None);
        }
        let mut tx = tenant::begin_steady(&self.db, org).await?;
        let filter = Filter {
            status: COUNTING.to_vec(),
            from: Some(month.first()),
            to: Some(month.last()),
            ..Filter::default()
        };
        let mut csv = Sheet::Accounting.header()?;
        let (mut row_count, mut after) = (0, None);
        loop {
            let page: Vec<Item> =
                invoice_list::page(&mut tx, org, &filter, (after, 0), PAGE).await?;
            row_count += page.len() as u64;
            csv.extend(Sheet::Accounting.rows(&page)?);
            let full = page.last().filter(|_| i64::try_from(page.len()) == Ok(PAGE));
            let Some(Item { invoice, .. }) = full else { break };
            after = Some((invoice.created_at, invoice.invoice_id.as_uuid()));
        }
        Ok(Some(Table { csv: String::from_utf8(csv)?, row_count }))
    }
}

fn context(org: OrgId, month: Month) -> Context {
    let step = format!("{NAME} {month}");
    Context {
        org,
        actor: Actor { kind: "system".to_owned(), id: NAME.to_owned(), role: "system".to_owned() },
        request_id: format!("job-{NAME}-{month}"),
        correlation_id: format!("job-{NAME}-{month}"),
        causation_id: None,
        reason: None,
        action: None,
        via: None,
        request: RequestKey::of(org, "jobs", &step, [0; 32]),
        expected_version: None,
        beside: Vec::new(),
        recorded_at: None,
    }
}

/// The last month that is over on a clock.
fn last_over(now: DateTime<Utc>, zone: Tz) -> Month {
    before(now.with_timezone(&zone).date_naive())
}

fn before(day: NaiveDate) -> Month {
    let first = Month::of(day).first();
    Month::of(first.pred_opt().unwrap_or(first))
}

/// The months that may be the last one that is over, wherever somebody is: one, but around the turn of a month.
fn ahead_and_behind(now: DateTime<Utc>) -> Vec<Month> {
    let today = now.date_naive();
    let around = [today.checked_sub_days(Days::new(1)), today.checked_add_days(Days::new(1))];
    let mut months: Vec<Month> = around.into_iter().flatten().map(before).collect();
    months.dedup();
    months
}

/// Whether an organisation that began then has nothing of a month.
fn is_older(began: DateTime<Utc>, zone: Tz, month: Month) -> bool {
    Month::of(began.with_timezone(&zone).date_naive()) > month
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_over_when_the_clock_of_the_organisation_says_so() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (edmonton, auckland) = (chrono_tz::America::Edmonton, chrono_tz::Pacific::Auckland);
        let last = |text, zone| last_over(at(text), zone).to_string();
        assert_eq!(last("2026-03-01T06:59:59Z", edmonton), "2026-01");
        assert_eq!(last("2026-03-01T07:00:00Z", edmonton), "2026-02");
        assert_eq!(last("2026-02-28T11:00:00Z", auckland), "2026-02");
        assert_eq!(last("2026-01-15T12:00:00Z", edmonton), "2025-12");
        let asked =
            |text| ahead_and_behind(at(text)).iter().map(Month::to_string).collect::<Vec<_>>();
        assert_eq!(asked("2026-03-15T12:00:00Z"), ["2026-02"]);
        assert_eq!(asked("2026-03-01T03:00:00Z"), ["2026-01", "2026-02"]);
        assert_eq!(asked("2026-02-28T13:00:00Z"), ["2026-01", "2026-02"]);
    }
}
