//! One search over everything that staff look for by name, telephone, address of mail or id.
//!
//! A new kind of thing is a constant here, and a line in `kinds` of the route, which says who may look for it. Its list must
//! have a column `search` with one line for each text by which it is found, in lower case, and must be wiped of people who are
//! erased.

use domain::id::OrgId;
use domain::personal::PLACEHOLDER;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

/// Answers hold this many at most.
pub const MOST: i64 = 50;

/// A kind of thing that can be found. All but the name are words of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// As answers call it.
    pub name: &'static str,
    table: &'static str,
    id: &'static str,
    /// What is looked through.
    texts: &'static str,
    /// What people read.
    label: &'static str,
    /// Whose name it shows: rows of whoever was erased are not found by it.
    person: &'static str,
    status: &'static str,
    /// The newest of those that match as well comes first.
    newest: &'static str,
    /// Where the API tells of it.
    href: &'static str,
}

/// Visits.
pub const BOOKING: Kind = Kind {
    name: "booking",
    table: "booking_list",
    id: "booking_id",
    texts: "search",
    label: "customer_name || ', ' || to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'",
    person: "customer_name",
    status: "status",
    newest: "starts_at",
    href: "'/v1/admin/bookings/' || booking_id",
};

/// Visits, for whoever may not read contacts: found by id, and without a name.
pub const BOOKING_UNNAMED: Kind = Kind {
    texts: "booking_id::text",
    label: "to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'",
    person: "''",
    ..BOOKING
};

/// People who asked for an offer.
pub const LEAD: Kind = Kind {
    name: "lead",
    table: "lead_list",
    id: "lead_id",
    texts: "search",
    label: "name",
    person: "name",
    status: "status",
    newest: "created_at",
    href: "'/v1/admin/leads/' || lead_id",
};

/// Customers.
pub const CLIENT: Kind = Kind {
    name: "client",
    table: "client_list",
    id: "client_id",
    texts: "search",
    label: "name",
    person: "name",
    status: "case when archived_at is not null then 'archived' when is_blocked then 'blocked' else 'active' end",
    newest: "registered_at",
    href: "'/v1/admin/clients/' || client_id",
};

/// Workers.
pub const WORKER: Kind = Kind {
    name: "worker",
    table: "worker_list",
    id: "worker_id",
    texts: "search",
    label: "name",
    person: "name",
    status: "case when archived_at is null then 'active' else 'archived' end",
    newest: "hired_at",
    href: "'/v1/admin/workers/' || worker_id",
};

/// Invoices, found by number as well; those of whoever was erased, too: their numbers name nobody.
pub const INVOICE: Kind = Kind {
    name: "invoice",
    table: "invoice_list",
    id: "invoice_id",
    texts: "case when customer_name = '[erased]' then lower(number) || E'\\n' || invoice_id else search end",
    label: "number || ', ' || customer_name",
    person: "''",
    status: "status",
    newest: "created_at",
    href: "'/v1/admin/invoices/' || invoice_id",
};

/// Payments, found by their id and by those of the provider.
pub const PAYMENT: Kind = Kind {
    name: "payment",
    table: "payment_facts",
    id: "payment_id",
    texts: "search",
    label: "to_char(amount_cents / 100.0, 'FM999999999990.00') || coalesce(' ' || currency, '') || coalesce(', ' || to_char(received_at at time zone 'UTC', 'YYYY-MM-DD'), '')",
    person: "''",
    status: "case when received_at is null then 'PENDING' when refunded_cents >= amount_cents then 'REFUNDED' else 'SUCCEEDED' end",
    newest: "coalesce(received_at, '-infinity')",
    href: "coalesce('/v1/admin/invoices/' || invoice_id, '/v1/admin/bookings/' || booking_id, '')",
};

/// Something that was found. `Debug` shows nothing of a person.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct Hit {
    /// See [`Kind::name`].
    pub kind: String,
    /// Its id.
    pub id: String,
    /// What people read.
    pub label: String,
    /// Where it stands.
    pub status: String,
    /// 100 if a whole text is the same, 50 if one begins so, 10 if one holds it.
    pub score: i32,
    /// Where the API tells of it.
    pub href: String,
}

impl std::fmt::Debug for Hit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hit({} {}, {})", self.kind, self.id, self.score)
    }
}

/// What matches `query`, the best first; of what matches as well, in the order of `kinds` and then the newest.
pub async fn find(
    db: &mut PgConnection,
    org: OrgId,
    kinds: &[Kind],
    query: &str,
    limit: i64,
) -> Result<Vec<Hit>, sqlx::Error> {
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        QueryBuilder::<Postgres>::new("select kind, id, label, status, score, href from (");
    let query = query.to_lowercase();
    for (n, kind) in kinds.iter().enumerate() {
        if n > 0 {
            sql.push(" union all ");
        }
        let place = i32::try_from(n).unwrap_or(i32::MAX);
        matching(&mut sql, (*kind, place), org, &query, limit);
    }
    sql.push(") found order by score desc, place, newest desc, id limit ").push_bind(limit);
    sql.build_query_as().fetch_all(db).await
}

/// Each kind is cut to the page before they are put together.
fn matching(
    sql: &mut QueryBuilder<'_, Postgres>,
    (kind, place): (Kind, i32),
    org: OrgId,
    query: &str,
    limit: i64,
) {
    let Kind { name, table, id, texts, label, person, status, newest, href } = kind;
    sql.push(format!(
        "(select '{name}' as kind, {place} as place, {id}::text as id, {label} as label, {status} as status, {newest} as newest, {href} as href, case when position("
    ));
    sql.push_bind(format!("\n{query}\n"));
    sql.push(format!(r" in E'\n' || {texts} || E'\n') > 0 then 100 when position("));
    sql.push_bind(format!("\n{query}"));
    sql.push(format!(
        r" in E'\n' || {texts}) > 0 then 50 else 10 end as score from {table} where org_id = "
    ));
    sql.push_bind(org.as_uuid());
    sql.push(" and position(").push_bind(query.to_owned());
    sql.push(format!(" in {texts}) > 0 and {person} <> "));
    sql.push_bind(PLACEHOLDER);
    sql.push(" order by score desc, newest desc, id limit ");
    sql.push_bind(limit);
    sql.push(")");
}
