//! The read side: tables made from events, the queries that read them, and what follows from events.
//!
//! One file per read model. Each holds its projector and its queries; nobody else touches its table. SQL names no
//! schema: `search_path` decides whether it works on the live tables, on those of a rebuild, or on temporary ones.

pub mod audit_log;
mod batch;
pub mod customers;
pub mod effects;
pub mod engine;
pub mod entity_timeline;
pub mod finance;
#[cfg(test)]
mod fixture;
pub mod heartbeats;
pub mod history;
pub mod invoicing;
pub mod outbox;
pub mod payments;
pub mod people;
pub mod plan_usage;
pub mod pricing;
pub mod rebuild;
pub mod reporting;
pub mod sales;
pub mod scheduling;
pub mod search;
mod spreadsheet;
pub mod subject_keys;
pub mod tenant;
pub mod timeline;

use futures::future::BoxFuture;
use sqlx::PgConnection;

pub use crate::batch::{Batch, Parking, Poison, undecodable};

/// Keeps tables in step with the log.
pub trait Projection: 'static {
    /// Names its checkpoint.
    const NAME: &'static str;
    /// Raised when rows already written would now be written differently: the tables must then be rebuilt.
    const VERSION: i32;
    /// The tables it owns, which a rebuild replaces. None means that it is never rebuilt.
    const TABLES: &'static [&'static str];

    /// Writes what the events mean into the tables, in the transaction that moves the checkpoint.
    ///
    /// An event that cannot be applied is returned, and no later event of its stream is applied. The result must
    /// not depend on where the log was cut into batches.
    fn apply(
        db: &mut PgConnection,
        batch: &Batch<'_>,
    ) -> impl Future<Output = Result<Vec<Poison>, sqlx::Error>> + Send;
}

/// Every reader of the log. A new one adds its line here, and nowhere else.
pub const READERS: &[Reader] = &[
    Reader::of::<audit_log::AuditLog>(),
    Reader::of::<customers::client_list::ClientList>(),
    Reader::of::<customers::client_records::ClientRecords>(),
    Reader::of::<effects::Effects>(),
    Reader::of::<entity_timeline::EntityTimeline>(),
    Reader::of::<finance::ledger::Ledger>(),
    Reader::of::<finance::records::FinanceRecords>(),
    Reader::of::<people::worker_history::WorkerHistory>(),
    Reader::of::<invoicing::invoice_list::InvoiceList>(),
    Reader::of::<payments::dispute_list::DisputeList>(),
    Reader::of::<people::worker_list::WorkerList>(),
    Reader::of::<pricing::price_book_versions::PriceBookVersions>(),
    Reader::of::<reporting::leads::ReportLeads>(),
    Reader::of::<reporting::money::ReportMoney>(),
    Reader::of::<reporting::people::ReportPeople>(),
    Reader::of::<reporting::visits::ReportVisits>(),
    Reader::of::<sales::lead_detail::LeadDetail>(),
    Reader::of::<sales::lead_list::LeadList>(),
    Reader::of::<scheduling::booking_detail::BookingDetail>(),
    Reader::of::<scheduling::booking_list::BookingList>(),
    Reader::of::<scheduling::checklist_list::ChecklistList>(),
    Reader::of::<scheduling::photo_list::PhotoList>(),
    Reader::of::<scheduling::dispatch_board::DispatchBoard>(),
    Reader::of::<scheduling::reason_log::ReasonLog>(),
    Reader::of::<scheduling::subscription_list::SubscriptionList>(),
    Reader::of::<scheduling::team_list::TeamList>(),
    Reader::of::<scheduling::time_off_list::TimeOffList>(),
    Reader::of::<scheduling::work_times::WorkTimes>(),
];

/// The reader of that name.
pub fn reader(name: &str) -> Option<&'static Reader> {
    READERS.iter().find(|reader| reader.name == name)
}

/// A projection with its type forgotten, so that all of them fit in one list.
#[derive(Clone, Copy)]
pub struct Reader {
    /// [`Projection::NAME`].
    pub name: &'static str,
    /// [`Projection::VERSION`].
    pub version: i32,
    /// [`Projection::TABLES`].
    pub tables: &'static [&'static str],
    apply: Apply,
}

type Apply = for<'a> fn(&'a mut PgConnection, &'a Batch<'a>) -> Applied<'a>;
type Applied<'a> = BoxFuture<'a, Result<Vec<Poison>, sqlx::Error>>;

impl Reader {
    /// Forgets the type of a projection.
    pub const fn of<P: Projection>() -> Self {
        Self {
            name: P::NAME,
            version: P::VERSION,
            tables: P::TABLES,
            apply: |db, batch| Box::pin(P::apply(db, batch)),
        }
    }

    /// Whether its tables can be made again from the log.
    pub const fn is_rebuildable(&self) -> bool {
        !self.tables.is_empty()
    }

    /// See [`Projection::apply`].
    pub fn apply<'a>(&self, db: &'a mut PgConnection, batch: &'a Batch<'a>) -> Applied<'a> {
        (self.apply)(db, batch)
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({} v{})", self.name, self.version)
    }
}
