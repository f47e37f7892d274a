//! What an inventory is worth, in the layout that the operations guide shows, and as JSON.

use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Bypass, CORE, Inventory, Table, WITHOUT_ORGANISATION};

/// Where an inventory comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A database, by its address without the password.
    Database(String),
    /// The migrations that this program carries.
    Metadata,
}

/// How a table fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Covered.
    Ok,
    /// Not covered, and not of the core.
    Warn,
    /// Of the core, and not covered or not there.
    Fail,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The group of the core it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<&'static str>,
    /// Its name.
    pub table: String,
    /// Where it is; `None` if it is nowhere.
    pub schema: Option<String>,
    /// Whether it has a column `org_id`.
    pub org_id: bool,
    /// Whether security is enabled.
    pub rls_enabled: bool,
    /// Whether it holds the owner too.
    pub rls_forced: bool,
    /// How many policies it has.
    pub policies: usize,
    /// How it fares.
    pub status: Status,
    /// Why.
    pub notes: Vec<String>,
}

/// The whole report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// When it was made.
    pub generated: DateTime<Utc>,
    /// Of what.
    pub source: String,
    /// The tables of the core, found or not.
    pub core: Vec<Line>,
    /// Every other table with an `org_id`.
    pub other: Vec<Line>,
    /// Tables without an `org_id` that are not known to need none.
    pub without_org_id: Vec<String>,
    /// Logins that nothing here holds.
    pub bypasses: Vec<Bypass>,
}

impl Report {
    /// Judges `found`.
    pub fn of(found: &Inventory, source: &Source, now: DateTime<Utc>) -> Self {
        let bypasses = &found.bypasses;
        let core = CORE.iter().flat_map(|(group, tables)| {
            tables.iter().flat_map(|name| core(found, group, name)).collect::<Vec<_>>()
        });
        let is_core = |table: &&Table| CORE.iter().any(|(_, of)| of.contains(&&*table.name));
        let others = found.tables.iter().filter(|table| table.org_id && !is_core(table));
        let unlisted = found.tables.iter().filter(|table| !table.org_id && !is_core(table));
        let unlisted = unlisted.map(Table::full_name);
        Self {
            generated: now,
            source: match source {
                Source::Database(address) => format!("database ({address})"),
                Source::Metadata => "embedded migrations".to_owned(),
            },
            core: core.collect(),
            other: others.map(|table| Line::of(table, None, bypasses)).collect(),
            without_org_id: unlisted
                .filter(|name| !WITHOUT_ORGANISATION.contains(&name.as_str()))
                .collect(),
            bypasses: bypasses.clone(),
        }
    }

    /// Whether a table of the core is not covered, or not there.
    pub fn core_is_missing(&self) -> bool {
        self.core.iter().any(|line| line.status != Status::Ok)
    }

    /// Whether anything that is there is not covered: a table, core or not, a table that nobody accounts for, or a login
    /// that nothing holds.
    pub fn any_is_missing(&self) -> bool {
        let is_there = |line: &&Line| line.schema.is_some();
        let mut tables = self.core.iter().filter(is_there).chain(&self.other);
        tables.any(|line| line.status != Status::Ok)
            || !self.without_org_id.is_empty()
            || !self.bypasses.is_empty()
    }
}

/// A table of the core, in every schema that has it.
fn core(found: &Inventory, group: &'static str, name: &str) -> Vec<Line> {
    let tables = found.tables.iter().filter(|table| table.name == name);
    let lines: Vec<_> = tables.map(|table| Line::of(table, Some(group), &found.bypasses)).collect();
    if !lines.is_empty() {
        return lines;
    }
    vec![Line {
        group: Some(group),
        table: name.to_owned(),
        schema: None,
        org_id: false,
        rls_enabled: false,
        rls_forced: false,
        policies: 0,
        status: Status::Fail,
        notes: vec!["table missing".to_owned()],
    }]
}

impl Line {
    fn of(table: &Table, group: Option<&'static str>, bypasses: &[Bypass]) -> Self {
        let notes = table.faults(bypasses);
        Self {
            group,
            table: table.name.clone(),
            schema: Some(table.schema.clone()),
            org_id: table.org_id,
            rls_enabled: table.enabled,
            rls_forced: table.forced,
            policies: table.policies.len(),
            status: match (notes.is_empty(), group) {
                (true, _) => Status::Ok,
                (false, Some(_)) => Status::Fail,
                (false, None) => Status::Warn,
            },
            notes,
        }
    }

    fn name(&self) -> String {
        let schema = self.schema.as_ref().map(|schema| format!("{schema}."));
        format!("{}{}", schema.unwrap_or_default(), self.table)
    }
}

impl Display for Status {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

impl Display for Report {
    /// As Markdown.
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        writeln!(to, "# RLS Coverage Audit Report\n")?;
        writeln!(to, "Generated: {}", self.generated.format("%Y-%m-%d %H:%M:%S UTC"))?;
        writeln!(to, "Source: {}\n", self.source)?;
        self.core_tables(to)?;
        self.other_tables(to)?;
        self.summary(to)?;
        writeln!(to, "### Core table mapping\n")?;
        for (group, tables) in CORE {
            writeln!(to, "- {group} -> {}", tables.join(", "))?;
        }
        self.reasons(to)
    }
}

impl Report {
    fn core_tables(&self, to: &mut Formatter<'_>) -> fmt::Result {
        writeln!(to, "## Core tables\n")?;
        writeln!(
            to,
            "| Core group | Table | Schema | org_id column | RLS enabled | Policies | Status | Notes |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- |"
        )?;
        for line in &self.core {
            let notes = if line.notes.is_empty() { "-".to_owned() } else { line.notes.join("; ") };
            writeln!(
                to,
                "| {} | {} | {} | {} | {} | {} | {} | {notes} |",
                line.group.unwrap_or_default(),
                line.table,
                line.schema.as_deref().unwrap_or("-"),
                yes(line.org_id),
                yes(line.rls_enabled),
                line.policies,
                line.status,
            )?;
        }
        writeln!(to)
    }

    fn other_tables(&self, to: &mut Formatter<'_>) -> fmt::Result {
        writeln!(to, "## Non-core tables with org_id\n")?;
        writeln!(
            to,
            "| Table | Schema | RLS enabled | Policies | Status |\n| --- | --- | --- | --- | --- |"
        )?;
        for line in &self.other {
            writeln!(
                to,
                "| {} | {} | {} | {} | {} |",
                line.table,
                line.schema.as_deref().unwrap_or("-"),
                yes(line.rls_enabled),
                line.policies,
                line.status,
            )?;
        }
        writeln!(to)
    }

    fn summary(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let failed: Vec<_> = self.core.iter().filter(|line| line.status != Status::Ok).collect();
        let warned: Vec<_> = self.other.iter().filter(|line| line.status != Status::Ok).collect();
        let there = self.core.iter().filter(|line| line.org_id).count();
        let names =
            |lines: &[&Line]| lines.iter().map(|line| line.name()).collect::<Vec<_>>().join(", ");
        writeln!(to, "## Summary\n")?;
        writeln!(to, "- Total org_id tables: {}", there + self.other.len())?;
        writeln!(to, "- Core tables missing RLS: {}", failed.len())?;
        writeln!(to, "- Non-core tables missing RLS (warn only): {}", warned.len())?;
        if !failed.is_empty() {
            writeln!(to, "- Core failures: {}", names(&failed))?;
        }
        if !warned.is_empty() {
            writeln!(to, "- Non-core warnings: {}", names(&warned))?;
        }
        writeln!(to)
    }

    /// What the tables above have no column for; nothing where nothing is wrong.
    fn reasons(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let mut reasons = Vec::new();
        for line in self.other.iter().filter(|line| !line.notes.is_empty()) {
            reasons.push(format!("{}: {}", line.name(), line.notes.join("; ")));
        }
        for name in &self.without_org_id {
            reasons.push(format!("{name}: no org_id, and not among the tables that need none"));
        }
        for bypass in &self.bypasses {
            reasons.push(format!("role {} bypasses RLS: {}", bypass.role, bypass.because));
        }
        if reasons.is_empty() {
            return Ok(());
        }
        writeln!(to, "\n### Reasons\n")?;
        reasons.iter().try_for_each(|reason| writeln!(to, "- {reason}"))
    }
}
