//! The tables and policies that the migrations make, read from their text: no database is asked.
//!
//! Migrations speak a small part of SQL: statements, calls of procedures that they have made, and blocks that loop over a
//! list of names. Whatever makes a table or changes its security in a way that is not understood is an error, so that
//! nothing is passed over.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::lexer::{Statement, statements};
use super::{Inventory, LOGINS, Policy, Table, keeps_apart};
use crate::migrate::Migration;

/// Stands for a value that is known only while the migration runs.
const UNKNOWN: &str = "?";

/// A migration does something to tables that cannot be told from its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("migration {file} cannot be read without a database: {statement}")]
pub struct Unreadable {
    /// Its name.
    pub file: String,
    /// What was not understood.
    pub statement: String,
}

/// What `migrations`, in order, leave behind.
pub fn read(migrations: &[Migration]) -> Result<Inventory, Unreadable> {
    let mut schema = Schema::default();
    for migration in migrations {
        for statement in statements(&migration.sql) {
            schema
                .take(&statement)
                .map_err(|statement| Unreadable { file: migration.file(), statement })?;
        }
    }
    // The ledger is made by the migrator itself.
    schema.tables.entry("public.schema_migrations".to_owned()).or_default();
    let tables = schema.tables.into_iter().map(|(name, table)| {
        let (schema, name) = name.split_once('.').unwrap_or(("public", &name));
        Table { schema: schema.to_owned(), name: name.to_owned(), ..table }
    });
    Ok(Inventory { tables: tables.collect(), bypasses: Vec::new() })
}

#[derive(Default)]
struct Schema {
    tables: BTreeMap<String, Table>,
    procedures: BTreeMap<String, Procedure>,
}

#[derive(Clone)]
struct Procedure {
    parameter: String,
    body: String,
}

/// Names of variables and the values they take, one after the other.
type Bindings = Vec<(String, Vec<String>)>;

macro_rules! pattern {
    ($name:ident = $text:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the pattern is right"));
    };
}

pattern!(TABLE = r"^create (?:unlogged )?table (?:if not exists )?([\w.?]+)(.*)$");
pattern!(SNAPSHOT = r"^create materialized view (?:if not exists )?([\w.?]+)(.*)$");
pattern!(ORG_COLUMN = r"[(,] ?org_id \w");
pattern!(COPIED = r"(?:\( ?like|^ partition of|^ ?\( ?like) ([\w.]+)");
pattern!(ALTER = r"^alter table (?:if exists )?(?:only )?([\w.?]+) (.*)$");
pattern!(DROP = r"^drop table (?:if exists )?(.*?)(?: cascade| restrict)?$");
pattern!(POLICY = r"^(create|alter|drop) policy (?:if exists )?([\w?]+) on ([\w.?]+)(.*)$");
pattern!(FOR_ROLES = r"^(?: as \w+)?(?: for \w+)? to ([\w, ]+?)(?: using| with check|$)");
pattern!(CALL = r"^call ([\w.]+) ?\( ?'?([\w.?]+)'? ?\)$");
pattern!(PROCEDURE = r"^create (?:or replace )?procedure ([\w.]+) ?\( ?(\w+)");
pattern!(LOOP = r"foreach (\w+) in array array ?\[(.*?)\] loop ");
pattern!(NAME_OF = r"(\w+) text := \(select relname from pg_class where oid = (\w+)\)");
pattern!(EXECUTE = r"execute (.*)$");
pattern!(FORMAT = r"^format ?\( ?'((?:[^']|'')*)' ?,? ?(.*)\)$");
pattern!(
    MEANT = r"\b((?:create (?:unlogged |materialized )?(?:table|view)|create policy|alter policy|drop policy|alter table|drop table|call) .*)$"
);

impl Schema {
    /// Carries out one statement; an error is what was not understood.
    fn take(&mut self, statement: &Statement) -> Result<(), String> {
        let text = statement.text.as_str();
        if let (Some(found), Some(body)) = (PROCEDURE.captures(text), statement.bodies.first()) {
            let made = Procedure { parameter: found[2].to_owned(), body: body.clone() };
            self.procedures.insert(full(&found[1]), made);
            return Ok(());
        }
        if text.starts_with("do ") {
            return statement.bodies.iter().try_for_each(|body| self.run(body, Bindings::new()));
        }
        self.change(text)
    }

    fn change(&mut self, text: &str) -> Result<(), String> {
        if let Some(found) = CALL.captures(text) {
            let Some(procedure) = self.procedures.get(&full(&found[1])).cloned() else {
                return Err(text.to_owned());
            };
            let argument = (procedure.parameter, vec![found[2].to_owned()]);
            return self.run(&procedure.body, vec![argument]);
        }
        if let Some(found) = SNAPSHOT.captures(text) {
            let org_id = found[2].contains("org_id");
            self.tables.insert(known(&found[1], text)?, Table { org_id, ..Table::default() });
        } else if let Some(found) = TABLE.captures(text) {
            let copied = COPIED.captures(&found[2]).and_then(|of| self.tables.get(&full(&of[1])));
            let org_id = ORG_COLUMN.is_match(&found[2]) || copied.is_some_and(|table| table.org_id);
            self.tables.insert(known(&found[1], text)?, Table { org_id, ..Table::default() });
        } else if let Some(found) = ALTER.captures(text) {
            self.alter(&known(&found[1], text)?, &found[2]);
        } else if let Some(found) = DROP.captures(text) {
            for name in found[1].split(',') {
                self.tables.remove(&known(name.trim(), text)?);
            }
        } else if let Some(found) = POLICY.captures(text) {
            let table =
                self.tables.get_mut(&known(&found[3], text)?).ok_or_else(|| text.to_owned())?;
            table.police((&found[1], &found[2]), &found[4]);
        } else if text.contains("row level security") {
            return Err(text.to_owned());
        }
        Ok(())
    }

    fn alter(&mut self, name: &str, change: &str) {
        // An index or a view is altered by the same words; it has no security of its own.
        let Some(mut table) = self.tables.remove(name) else { return };
        let mut name = name.to_owned();
        for change in change.split(',').map(str::trim) {
            match change {
                "enable row level security" => table.enabled = true,
                "disable row level security" => table.enabled = false,
                "force row level security" => table.forced = true,
                "no force row level security" => table.forced = false,
                other => {
                    let column = other.replace("column ", "").replace("if not exists ", "");
                    let column = column.replace("if exists ", "");
                    table.org_id |= column.starts_with("add org_id ");
                    table.org_id &= !column.starts_with("drop org_id");
                    let (schema, bare) = name.split_once('.').unwrap_or(("public", &name));
                    if let Some(new) = other.strip_prefix("rename to ") {
                        name = format!("{schema}.{new}");
                    } else if let Some(new) = other.strip_prefix("set schema ") {
                        name = format!("{new}.{bare}");
                    }
                }
            }
        }
        self.tables.insert(name, table);
    }

    /// Carries out the body of a block or procedure, every loop over a list unrolled.
    fn run(&mut self, body: &str, mut bindings: Bindings) -> Result<(), String> {
        for statement in statements(body) {
            let mut text = statement.text.as_str();
            if let Some(found) = LOOP.captures(text) {
                let values =
                    found[2].split(',').map(|value| value.trim().trim_matches('\'').to_owned());
                bindings.push((found[1].to_owned(), values.collect()));
                text = &text[found.get(0).map_or(0, |all| all.end())..];
            }
            if let Some(found) = NAME_OF.captures(text)
                && let Some((_, tables)) = bindings.iter().find(|(name, _)| *name == found[2])
            {
                let bare = |table: &String| table.rsplit('.').next().unwrap_or(table).to_owned();
                bindings.push((found[1].to_owned(), tables.iter().map(bare).collect()));
            }
            if text.starts_with("end loop") {
                bindings.pop();
                continue;
            }
            for said in spoken(text, &bindings) {
                if let Some(meant) = MEANT.captures(&said) {
                    self.change(&meant[1])?;
                }
            }
        }
        Ok(())
    }
}

/// What a statement of a block says: itself, or what it puts together and executes, once for each value.
fn spoken(text: &str, bindings: &Bindings) -> Vec<String> {
    let Some(executed) = EXECUTE.captures(text) else { return vec![text.to_owned()] };
    let Some(found) = FORMAT.captures(&executed[1]) else {
        return vec![executed[1].trim_matches('\'').to_owned()];
    };
    let (template, arguments) = (found[1].replace("''", "'"), found[2].split(','));
    let arguments: Vec<_> = arguments.map(str::trim).collect();
    let rounds = bindings.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
    let word = |name: &str, round: usize| {
        if let Some(literal) = name.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Some(literal.to_owned());
        }
        let bound = bindings.iter().find(|(bound, _)| bound == name);
        bound.and_then(|(_, values)| values.get(round % values.len()).cloned())
    };
    let value = |argument: &str, round: usize| {
        argument.split("||").map(|part| word(part.trim(), round)).collect::<Option<String>>()
    };
    let one = |round| {
        let mut arguments = arguments.iter();
        let mut parts = template.split('%');
        let mut said = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let argument = arguments.next().and_then(|name| value(name, round));
            said.push_str(argument.as_deref().unwrap_or(UNKNOWN));
            said.push_str(part.get(1..).unwrap_or_default());
        }
        said
    };
    (0..rounds).map(one).collect()
}

/// With its schema; a name whose table is decided later is not known.
fn known(name: &str, statement: &str) -> Result<String, String> {
    if name.contains(UNKNOWN) { Err(statement.to_owned()) } else { Ok(full(name)) }
}

fn full(name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("public.{name}") }
}

impl Table {
    fn police(&mut self, (action, name): (&str, &str), rest: &str) {
        match action {
            "create" => {
                let named = FOR_ROLES.captures(rest).map(|found| found[1].to_owned());
                let is_login = |role: &str| role == "public" || LOGINS.contains(&role);
                let for_logins =
                    named.is_none_or(|roles| roles.split(',').map(str::trim).any(is_login));
                let policy =
                    Policy { name: name.to_owned(), for_logins, keeps_apart: keeps_apart(rest) };
                self.policies.push(policy);
            }
            "drop" => self.policies.retain(|policy| policy.name != name),
            _ => {
                let changed = self.policies.iter_mut().filter(|policy| policy.name == name);
                changed.for_each(|policy| policy.keeps_apart = keeps_apart(rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTECT: &str = "
        create procedure tenant.protect(p_table regclass) language plpgsql as $$
        declare v_name text := (select relname from pg_class where oid = p_table);
        begin
            execute format('alter table %s enable row level security', p_table);
            execute format('alter table %s force row level security', p_table);
            execute format('create policy %I on %s using (org_id = tenant.current_org())', v_name || '_x', p_table);
        end $$;";

    fn after(sql: &str) -> Result<Vec<Table>, Unreadable> {
        let text = format!("-- parent: none\n{PROTECT}\n{sql}");
        let found = read(&[Migration::parse("0001_x", &text).unwrap()])?;
        Ok(found.tables.into_iter().filter(|table| table.org_id).collect())
    }

    /// The name of each table of an organisation, and whether it is covered.
    fn covered(sql: &str) -> Vec<(String, bool)> {
        let judged = |table: &Table| (table.full_name(), table.faults(&[]).is_empty());
        after(sql).unwrap().iter().map(judged).collect()
    }

    fn one(sql: &str) -> bool {
        let all = covered(sql);
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].1
    }

    #[test]
    fn calls_of_procedures_and_loops_over_names_are_carried_out() {
        assert!(one("create table a (org_id uuid); call tenant.protect('a');"));
        let sql = "create table a (org_id uuid, x int); create table read.b (x int, org_id uuid not null);
                   create table c (x int, foreign key (org_id, x) references a);
                   do $$ declare t text; begin
                       foreach t in array array['a', 'read.b'] loop
                           execute format('call tenant.protect(%L)', t);
                           execute format('grant select on %s to cleaning_app', t);
                       end loop;
                   end $$;";
        assert_eq!(covered(sql), [("public.a".to_owned(), true), ("read.b".to_owned(), true)]);
    }

    #[test]
    fn what_is_missing_or_undone_later_shows() {
        let made = "create table a (org_id uuid); call tenant.protect('a'); ";
        for undone in [
            "alter table a disable row level security;",
            "alter table a no force row level security;",
            "drop policy a_x on a;",
            "create policy wide on a to cleaning_app using (true);",
            "alter policy a_x on a using (true);",
            "drop table a; create table a (org_id uuid);",
        ] {
            assert!(!one(&format!("{made}{undone}")), "{undone}");
        }
        assert!(one(&format!("{made}create policy wide on a to cleaning_definer using (true);")));
        assert!(!one("create table a (org_id uuid);"));
        assert!(!one("create table a (x int); alter table a add column org_id uuid;"));
    }

    #[test]
    fn a_copy_of_a_table_has_its_columns_and_none_of_its_policies() {
        let sql = "create table a (org_id uuid); call tenant.protect('a');
                   alter table a rename to b; create table c (like b including all);";
        assert_eq!(covered(sql), [("public.b".to_owned(), true), ("public.c".to_owned(), false)]);
    }

    #[test]
    fn what_is_decided_later_is_an_error_and_not_passed_over() {
        for sql in [
            "call tenant.unknown('a');",
            "do $$ begin execute format('create table %I (org_id uuid)', name); end $$;",
            "do $$ begin for t in select 1 loop execute format('call tenant.protect(%L)', t); end loop; end $$;",
            "create policy x on nowhere using (true);",
        ] {
            let error = after(sql).unwrap_err();
            assert_eq!(error.file, "0001_x", "{sql}");
        }
    }

    #[test]
    fn the_migrations_of_this_build_cover_every_table_they_make() {
        let files = crate::migrate::embedded().unwrap();
        let found = read(&files).unwrap();
        let of_organisations: Vec<_> = found.tables.iter().filter(|table| table.org_id).collect();
        assert!(of_organisations.len() >= 21, "{of_organisations:?}");
        for table in of_organisations {
            assert_eq!(table.faults(&[]), Vec::<String>::new(), "{}", table.full_name());
        }
    }
}
