//! The list of clients with how each of them stands, in one query over both read models.
//!
//! How somebody stands depends on the day and on what the organisation decides, so it is judged here, from facts, and is
//! stored nowhere.

mod csv_lines;

use chrono::{DateTime, Utc};
use domain::customers::standing::ClientPolicy;
use domain::id::{ClientId, OrgId};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::csv_lines::{header, rows as csv_rows};

/// Clients on a page at most.
pub const PAGE: i64 = 200;

/// What gives cause for concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// They complain often.
    FrequentComplaints,
    /// They are hard to please.
    LowRater,
    /// One of these.
    Any,
}

/// Which clients are asked for; what is `None` does not matter. `Debug` does not show the name that is looked for.
#[derive(Clone, Default)]
pub struct Filter {
    /// This one alone.
    pub client: Option<ClientId>,
    /// Part of name, e-mail, phone, address, tag or id, in any case.
    pub query: Option<String>,
    /// Whether archived, or not; whoever was merged counts as archived.
    pub archived: Option<bool>,
    /// What they are known for.
    pub risk: Option<Risk>,
    /// `LOW`, `MEDIUM` or `HIGH`: whether they may be leaving.
    pub churn: Option<&'static str>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter({:?}, {:?}, {:?})", self.archived, self.risk, self.churn)
    }
}

/// How they are judged.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// By what the organisation decides.
    pub policy: &'a ClientPolicy,
    /// On this day.
    pub now: DateTime<Utc>,
}

/// One line of the list. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "what the API tells of a client")]
pub struct Item {
    pub client_id: Uuid,
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub tags: Vec<String>,
    pub is_active: bool,
    pub is_blocked: bool,
    pub registered_at: DateTime<Utc>,
    pub archived_at: Option<DateTime<Utc>>,
    pub merged_into: Option<Uuid>,
    pub visits: i32,
    pub last_visit_at: Option<DateTime<Utc>>,
    /// From what is known of money: today, what their visits that are done cost. Payments, and then invoices, go before that
    /// once a read model keeps them.
    pub lifetime_value_cents: i64,
    pub complaints: i32,
    pub average_rating: Option<f64>,
    pub frequent_complaints: bool,
    pub low_rater: bool,
    pub churn: String,
    pub churn_reasons: Vec<String>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({}, {})", self.client_id, self.churn)
    }
}

/// The clients that match, newest first, behind the one that `after` names by time and id.
#[expect(clippy::too_many_lines, reason = "one statement and its parameters")]
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    (filter, judge): (&Filter, Judge<'_>),
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Item>, sqlx::Error> {
    let (after_at, after_id) = after.unzip();
    let Judge { policy, now } = judge;
    let risk = filter.risk;
    let known_for = |one: Risk| matches!(risk, Some(risk) if risk == one || risk == Risk::Any);
    sqlx::query_as!(
        Item,
        r#"select c.client_id, c.name, c.email, c.phone, c.address, c.tags,
                  c.archived_at is null and c.merged_into is null as "is_active!", c.is_blocked, c.registered_at,
                  c.archived_at, c.merged_into, coalesce(s.visits, 0) as "visits!", s.last_done_at as "last_visit_at?",
                  coalesce(s.completed_cents, 0) as "lifetime_value_cents!", f.complaints as "complaints!",
                  f.average::float8 as average_rating, f.is_loud as "frequent_complaints!", f.is_low as "low_rater!",
                  p.churn as "churn!", p.reasons as "churn_reasons!"
           from client_list c
           left join client_standing s on s.org_id = c.org_id and s.client_id = c.client_id
           cross join lateral (
               select n.complaints, n.complaints >= $7::integer as is_loud, r.average,
                      coalesce(r.average * 1000 <= $8::integer, false) or r.low >= $10::integer as is_low,
                      extract(epoch from $5::timestamptz - s.last_done_at) / 86400 as days,
                      case when s.visits > 1
                           then extract(epoch from s.last_done_at - s.first_done_at) / 86400 / (s.visits - 1) end as gap
               from (select count(*)::integer as complaints from unnest(s.complaints_at) t (at)
                     where t.at > $5::timestamptz - make_interval(days => $6)) n,
                    (select avg(t.rating) as average, count(*) filter (where t.rating <= $9::integer) as low
                     from unnest(s.rated_at, s.ratings) t (at, rating)
                     where t.at > $5::timestamptz - make_interval(days => $6)) r) f
           cross join lateral (
               select array_remove(array[
                          case when f.days >= $12::integer then 'not_visited_for_' || $12::integer || '_days'
                               when f.days >= $11::integer then 'not_visited_for_' || $11::integer || '_days' end,
                          case when f.gap > 0 and f.days * 1000 >= f.gap * $14::integer then 'far_beyond_usual_gap'
                               when f.gap > 0 and f.days * 1000 >= f.gap * $13::integer then 'beyond_usual_gap' end,
                          case when f.is_loud then 'frequent_complaints' end,
                          case when f.is_low then 'low_rater' end], null) as reasons,
                      case when w.points >= $16::integer then 'HIGH' when w.points >= $15::integer then 'MEDIUM'
                           else 'LOW' end as churn
               from (select case when f.days >= $12::integer then 3 when f.days >= $11::integer then 1 else 0 end
                          + case when f.gap > 0 and f.days * 1000 >= f.gap * $14::integer then 2
                                 when f.gap > 0 and f.days * 1000 >= f.gap * $13::integer then 1 else 0 end
                          + f.is_loud::integer + f.is_low::integer as points) w) p
           where c.org_id = $1 and ($2::text is null or position($2 in c.search) > 0)
             and ($3::boolean is null or (c.archived_at is not null or c.merged_into is not null) = $3)
             and ($4::uuid is null or c.client_id = $4)
             and (not ($17::boolean or $18::boolean) or ($17 and f.is_loud) or ($18 and f.is_low))
             and ($19::text is null or p.churn = $19)
             and ($20::timestamptz is null or (c.registered_at, c.client_id) < ($20, $21::uuid))
           order by c.registered_at desc, c.client_id desc limit $22"#,
        org.as_uuid(),
        filter.query.as_ref().map(|query| query.to_lowercase()),
        filter.archived,
        filter.client.map(ClientId::as_uuid),
        now,
        i32::from(policy.watch_days),
        i32::from(policy.many_complaints),
        i32::from(policy.low_average_permille),
        i32::from(policy.low_rating),
        i32::from(policy.many_low_ratings),
        i32::from(policy.late_days),
        i32::from(policy.lost_days),
        i32::from(policy.late_gap_permille),
        i32::from(policy.lost_gap_permille),
        i32::from(policy.medium_from),
        i32::from(policy.high_from),
        known_for(Risk::FrequentComplaints),
        known_for(Risk::LowRater),
        filter.churn,
        after_at,
        after_id,
        limit,
    )
    .fetch_all(db)
    .await
}
