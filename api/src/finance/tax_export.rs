//! What the tax office is told, as a ZIP of tables.
//!
//! It is written as it is read, page by page, from one moment of the database: however much it is, little of it is in memory.
//! Equal data makes equal bytes. That it was taken out, with its digest, is an event.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use commands::Context;
use domain::finance::tax_export::{Counts, TaxExport, TaxExportCommand};
use domain::id::OrgId;
use futures::stream;
use projections::finance::expenses::{self, Filter};
use projections::finance::instalments;
use projections::finance::ledger::{self, ByCurrency, Ledger, Sheet, Summary, Taxed};
use projections::finance::records::FinanceRecords;
use projections::{Projection, tenant};
use ring::digest;
use serde_json::Value;
use sqlx::{Postgres, Transaction};
use tokio::sync::mpsc;
use tokio::time::timeout;
use utoipa_axum::routes;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::spent::RangeQuery;
use super::{asked, view};
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

/// Rows that are read at once.
const PAGE: i64 = 1000;

/// Parts that wait for whoever reads slowly.
const WAITING: usize = 8;

/// After this long without a part taken, nobody reads any more.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(export_taxes), view().leaves("tax.export"))
}

/// What the tax office is told about a time, as a ZIP of four tables; that it was taken out is an event
#[utoipa::path(
    get,
    path = "/v1/admin/finance/taxes/export",
    tag = "finance",
    params(RangeQuery),
    responses((status = 200, description = "`gst_summary.csv`, `gst_payments.csv`, `gst_expenses.csv` and `tax_instalments.csv`", content_type = "application/zip"))
)]
async fn export_taxes(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    let (org, range) = (caller.org(), asked::days(asked.from, asked.to)?);
    let context = request.context(&caller);
    let usual = crate::invoicing::settings(&app, org).await?.currency;
    fresh.reach(&app, org, &[Ledger::NAME, FinanceRecords::NAME]).await?;
    // Read before anything is answered: a database that is away is a 503 and not half a file.
    let mut tx = tenant::begin_steady(&app.reads, org).await?;
    let summary = ledger::tax_summary(&mut tx, org, range, usual.into()).await?;
    let (send, receive) = mpsc::channel(WAITING);
    let name = format!("gst_export_{}_{}.zip", range.0, range.1);
    let told = AppState::clone(&app);
    app.background.spawn(async move {
        let writing = Writing { org, range, out: Out::new(), counts: Counts::default(), send };
        if let Err(error) = Box::pin(writing.write(&told, context, tx, &summary)).await {
            tracing::warn!(%error, "an export for the tax office was not finished");
        }
    });
    let parts = stream::unfold(receive, |mut receive: mpsc::Receiver<_>| async move {
        receive.recv().await.map(|part| (part, receive))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// What was written and not yet sent.
#[derive(Clone, Default)]
struct Spool(Arc<Mutex<Vec<u8>>>);

impl Spool {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A ZIP in the making, and the digest of what was taken of it.
struct Out {
    zip: ZipWriter<StreamWriter<Spool>>,
    spool: Spool,
    digest: digest::Context,
}

impl Out {
    fn new() -> Self {
        let spool = Spool::default();
        let zip = ZipWriter::new_stream(spool.clone());
        Self { zip, spool, digest: digest::Context::new(&digest::SHA256) }
    }

    /// Begins a table. All of them have the same time, so that equal data makes equal bytes.
    fn begin(&mut self, sheet: Sheet) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default());
        self.zip.start_file(sheet.name(), options).map_err(io::Error::other)?;
        self.zip.write_all(&sheet.header().map_err(io::Error::other)?)
    }

    fn rows(&mut self, rows: Result<Vec<u8>, csv::Error>) -> io::Result<()> {
        self.zip.write_all(&rows.map_err(io::Error::other)?)
    }

    fn part(&mut self) -> Bytes {
        let part = self.spool.take();
        self.digest.update(&part);
        part.into()
    }
}

type Part = io::Result<Bytes>;

struct Writing {
    org: OrgId,
    range: (NaiveDate, NaiveDate),
    out: Out,
    counts: Counts,
    send: mpsc::Sender<Part>,
}

impl Writing {
    async fn write(
        mut self,
        app: &AppState,
        context: Context,
        mut tx: Transaction<'static, Postgres>,
        summary: &ByCurrency<Summary>,
    ) -> io::Result<()> {
        let written = self.tables(&mut tx, summary).await;
        drop(tx);
        let told = match written {
            Ok(()) => self.end(app, context).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            // Whoever reads learns that this is not all of it.
            let _ = self.send.send(Err(io::Error::other(error.to_string()))).await;
            return Err(error);
        }
        Ok(())
    }

    async fn tables(
        &mut self,
        tx: &mut Transaction<'static, Postgres>,
        summary: &ByCurrency<Summary>,
    ) -> io::Result<()> {
        self.out.begin(Sheet::Summary)?;
        self.out.rows(summary.lines(self.range))?;
        self.out.begin(Sheet::Payments)?;
        let mut after = None;
        loop {
            let page = ledger::taxed(&mut *tx, (self.org, None), self.range, after, PAGE).await;
            let page = page.map_err(io::Error::other)?;
            self.counts.payments += page.len() as u64;
            self.out.rows(Taxed::lines(&page))?;
            self.pass_on().await?;
            let last = crate::cursor::last_of_full(&page, PAGE);
            after = last.map(|last| (last.day, last.position, last.line));
            if after.is_none() {
                break;
            }
        }
        self.spent(tx).await?;
        self.planned(tx).await
    }

    async fn spent(&mut self, tx: &mut Transaction<'static, Postgres>) -> io::Result<()> {
        self.out.begin(Sheet::Expenses)?;
        let (from, to) = self.range;
        let filter = Filter { from: Some(from), to: Some(to), ..Filter::default() };
        let mut after = None;
        loop {
            let page = expenses::oldest(&mut *tx, self.org, &filter, after, PAGE).await;
            let page = page.map_err(io::Error::other)?;
            self.counts.expenses += page.len() as u64;
            self.out.rows(expenses::Row::lines(&page, to))?;
            self.pass_on().await?;
            let last = crate::cursor::last_of_full(&page, PAGE);
            after = last.map(|last| (last.occurred_on, last.expense_id));
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn planned(&mut self, tx: &mut Transaction<'static, Postgres>) -> io::Result<()> {
        self.out.begin(Sheet::Instalments)?;
        let range = (Some(self.range.0), Some(self.range.1));
        let mut after = None;
        loop {
            let page = instalments::page(&mut *tx, self.org, range, after, PAGE).await;
            let page = page.map_err(io::Error::other)?;
            self.counts.instalments += page.len() as u64;
            self.out.rows(instalments::Row::lines(&page, self.range.1))?;
            self.pass_on().await?;
            let last = crate::cursor::last_of_full(&page, PAGE);
            after = last.map(|last| (last.due_on, last.instalment_id));
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn pass_on(&mut self) -> io::Result<()> {
        let part = self.out.part();
        if part.is_empty() { Ok(()) } else { self.hand_over(part).await }
    }

    async fn hand_over(&self, part: Bytes) -> io::Result<()> {
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads any more");
        let sent = timeout(PATIENCE, self.send.send(Ok(part))).await;
        sent.map_err(|_| gone())?.map_err(|_| gone())
    }

    /// The event stands before the last part is sent: whoever has all of it can rely on it.
    async fn end(&mut self, app: &AppState, context: Context) -> io::Result<()> {
        let Out { zip, spool, digest } = std::mem::replace(&mut self.out, Out::new());
        zip.finish().map_err(io::Error::other)?;
        let (last, mut digest) = (Bytes::from(spool.take()), digest);
        digest.update(&last);
        let sha256 = hex::encode(digest.finish());
        let (from, to) = self.range;
        let command =
            TaxExportCommand::Note { from, to, counts: self.counts, sha256, now: app.now() };
        let id = context.request.derived_id("tax_export").to_string();
        let noted = app.bus.create::<TaxExport>(&context, &id, command, |_| Value::Null).await;
        noted.map_err(|error| io::Error::other(error.to_string()))?;
        self.hand_over(last).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(rows: &[u8]) -> Vec<u8> {
        let mut out = Out::new();
        let mut all = Vec::new();
        for sheet in [Sheet::Summary, Sheet::Payments] {
            out.begin(sheet).unwrap();
            out.rows(Ok(rows.to_vec())).unwrap();
            all.extend(out.part());
        }
        let Out { zip, spool, .. } = out;
        zip.finish().unwrap();
        all.extend(spool.take());
        all
    }

    #[test]
    fn equal_data_makes_equal_bytes_that_are_a_zip() {
        let bytes = made(b"a,b\r\n");
        assert_eq!(bytes, made(b"a,b\r\n"));
        assert_ne!(bytes, made(b"a,c\r\n"));
        let mut read = zip::ZipArchive::new(io::Cursor::new(bytes)).unwrap();
        assert_eq!(read.len(), 2);
        let text = io::read_to_string(read.by_name("gst_summary.csv").unwrap()).unwrap();
        assert!(
            text.starts_with("from_date,to_date,tax_collected_cents") && text.ends_with("a,b\r\n")
        );
    }

    #[test]
    fn nothing_of_what_was_sent_stays_in_memory() {
        let mut out = Out::new();
        out.begin(Sheet::Payments).unwrap();
        let mut most = 0;
        for row in 0..20_000_u32 {
            let unlike = digest::digest(&digest::SHA256, &row.to_be_bytes());
            out.rows(Ok(unlike.as_ref().to_vec())).unwrap();
            most = most.max(out.part().len());
        }
        assert!(most < 128 * 1024, "{most}");
    }
}
