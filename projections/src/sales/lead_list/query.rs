//! Searches the list.

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use domain::sales::lead::Status;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// How many leads a page shows, as the specification has it.
pub const PAGE: i64 = 25;

/// Which leads are asked for; what is `None` does not matter. `Debug` does not show the name that is looked for.
#[derive(Clone, Default)]
pub struct Filter {
    /// Where they stand.
    pub status: Option<Status>,
    /// Part of name, e-mail, phone or id, in any case.
    pub query: Option<String>,
    /// They asked at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// They asked before this instant.
    pub until: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter({:?}, {:?} to {:?})", self.status, self.from, self.until)
    }
}

/// Where a page begins.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// At this page of [`PAGE`] leads, from 1.
    Page(u32),
    /// Behind this lead; as fast on the last page as on the first.
    After {
        /// When it was submitted.
        created_at: DateTime<Utc>,
        /// Its id.
        lead_id: Uuid,
    },
}

/// One line of the list. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    pub lead_id: Uuid,
    pub name: String,
    pub email: Option<String>,
    pub phone: String,
    pub postal_code: Option<String>,
    pub preferred_dates: Value,
    pub notes: Option<String>,
    pub loss_reason: Option<String>,
    pub source: Option<String>,
    pub campaign: Option<String>,
    pub keyword: Option<String>,
    pub landing_page: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub referrer: Option<String>,
    pub status: String,
    pub referral_code: String,
    pub referred_by_code: Option<String>,
    pub referral_credits: i32,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({}, {})", self.lead_id, self.status)
    }
}

/// One page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Newest first.
    pub items: Vec<Item>,
    /// How many leads there are on all pages.
    pub total: i64,
}

/// The leads that match, newest first.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    start: Start,
) -> Result<Page, sqlx::Error> {
    let status = filter.status.map(|status| status.to_string());
    let query = filter.query.as_ref().map(|query| query.to_lowercase());
    let (offset, after) = match start {
        Start::Page(page) => (i64::from(page.saturating_sub(1)) * PAGE, None),
        Start::After { created_at, lead_id } => (0, Some((created_at, lead_id))),
    };
    let (after_at, after_id) = after.unzip();
    let total = total(db, org, filter, status.as_deref(), query.as_deref()).await?;
    let items = sqlx::query_as!(
        Item,
        "select l.lead_id, l.name, l.email, l.phone, l.postal_code, l.preferred_dates, l.notes, l.loss_reason,
                l.source, l.campaign, l.keyword, l.landing_page, l.created_at, l.updated_at, l.referrer, l.status,
                l.referral_code, l.referred_by_code, l.referral_credits
         from lead_list l
         where l.org_id = $1 and ($2::text is null or l.status = $2)
           and ($3::text is null or position($3 in l.search) > 0)
           and ($4::timestamptz is null or l.created_at >= $4)
           and ($5::timestamptz is null or l.created_at < $5)
           and ($6::timestamptz is null or (l.created_at, l.lead_id) < ($6, $7::uuid))
         order by l.created_at desc, l.lead_id desc offset $8 limit $9",
        org.as_uuid(),
        status,
        query,
        filter.from,
        filter.until,
        after_at,
        after_id,
        offset,
        PAGE,
    )
    .fetch_all(db)
    .await?;
    Ok(Page { items, total })
}

async fn total(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    status: Option<&str>,
    query: Option<&str>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "total!"
           from lead_list l
           where l.org_id = $1 and ($2::text is null or l.status = $2)
             and ($3::text is null or position($3 in l.search) > 0)
             and ($4::timestamptz is null or l.created_at >= $4)
             and ($5::timestamptz is null or l.created_at < $5)"#,
        org.as_uuid(),
        status,
        query,
        filter.from,
        filter.until,
    )
    .fetch_one(db)
    .await
}
