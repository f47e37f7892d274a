//! Whether row-level security covers every table with an `org_id`: what is there, what that is worth, and the report.
//!
//! 1. A table is covered if security is enabled, holds its owner too, and every policy that lets a login in compares with
//!    the organisation of the transaction.
//! 2. It is worth nothing if a login is no subject of it: superusers, roles with BYPASSRLS, whoever may act as an owner.
//! 3. A table of the core that is not there at all is a failure, not an absence of failures.

mod database;
mod lexer;
mod metadata;
mod report;

use serde::Serialize;

pub use database::inspect;
pub use metadata::{Unreadable, read};
pub use report::{Report, Source};

/// What the operations guide calls the core, and the tables that hold it. A group whose tables are not built yet keeps the
/// guide's name for them and is told as missing until they are.
pub const CORE: [(&str, &[&str]); 5] = [
    ("bookings", &["bookings"]),
    ("invoices", &["invoices"]),
    ("leads", &["lead_list", "lead_detail"]),
    ("clients", &["client_users"]),
    ("workers", &["workers"]),
];

/// Tables that belong to no organisation. Any other table without an `org_id` is a finding.
pub const WITHOUT_ORGANISATION: [&str; 7] = [
    // People; which organisations they work in is in `memberships`.
    "public.users",
    // How often anything changed about whoever acts: numbers by id.
    "public.generations",
    // Digests of what was guessed wrong; whose it might have been is not known.
    "public.failed_attempts",
    // Which worker follows the logs of everybody.
    "public.projection_owners",
    // Which version made the read models of everybody.
    "public.projection_builds",
    // When the jobs of the installation were heard of.
    "public.job_heartbeats",
    "public.schema_migrations",
];

/// The roles that the processes log in as.
pub const LOGINS: [&str; 3] = ["cleaning_app", "cleaning_worker", "cleaning_auditor"];

/// A table, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Where it is.
    pub schema: String,
    /// What it is called there.
    pub name: String,
    /// Whether it has a column `org_id`.
    pub org_id: bool,
    /// Whether policies are asked at all.
    pub enabled: bool,
    /// Whether they are asked for its owner too.
    pub forced: bool,
    /// Its policies.
    pub policies: Vec<Policy>,
}

/// A policy of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Unique within its table.
    pub name: String,
    /// Whether somebody who can log in is let through by it.
    pub for_logins: bool,
    /// Whether it lets through only what belongs to the organisation of the transaction.
    pub keeps_apart: bool,
}

/// A login that row-level security does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bypass {
    /// The role.
    pub role: String,
    /// Why: `superuser`, `BYPASSRLS`, or whom it may act as.
    pub because: String,
}

/// Everything that was found in a database, or in the migrations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// In order of schema and name.
    pub tables: Vec<Table>,
    /// Nothing is known about them without a database.
    pub bypasses: Vec<Bypass>,
}

impl Table {
    /// With its schema.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// What keeps organisations from being apart in this table.
    fn faults(&self, bypasses: &[Bypass]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut say = |is_so: bool, what: &str| {
            if is_so {
                faults.push(what.to_owned());
            }
        };
        let asked: Vec<_> = self.policies.iter().filter(|policy| policy.for_logins).collect();
        say(!self.org_id, "org_id column missing");
        say(!self.enabled || asked.is_empty(), "RLS policy missing");
        say(self.enabled && !self.forced, "FORCE missing");
        let open = asked.iter().any(|policy| !policy.keeps_apart);
        say(open, "policy does not reference app.current_org_id");
        for bypass in bypasses {
            faults.push(format!("role bypasses RLS: {}", bypass.role));
        }
        faults
    }
}

/// Whether the text of a policy asks for the organisation of the transaction.
fn keeps_apart(condition: &str) -> bool {
    condition.contains("current_org()") || condition.contains("app.current_org_id")
}
