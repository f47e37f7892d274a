//! Reads and writes many rows of the list in one statement each.

use domain::id::OrgId;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::RowsById;
use super::row::Row;

/// The rows of those leads and of those people.
pub(super) async fn load(
    db: &mut PgConnection,
    org: OrgId,
    leads: &[Uuid],
    subjects: &[Uuid],
) -> Result<RowsById, sqlx::Error> {
    let rows = sqlx::query!(
        "select lead_id, subject_id, status, created_at, updated_at, name, email, phone, postal_code,
                preferred_dates, notes, notes_changed, loss_reason, source, campaign, keyword, landing_page, referrer,
                referral_code, referred_by_code, referral_credits, version, position
         from lead_list where org_id = $1 and (lead_id = any($2) or subject_id = any($3))",
        org.as_uuid(),
        leads,
        subjects,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let kept = Row {
            lead_id: row.lead_id.into(),
            subject: row.subject_id.into(),
            status: row.status,
            created_at: row.created_at,
            updated_at: row.updated_at,
            name: row.name,
            email: row.email,
            phone: row.phone,
            postal_code: row.postal_code,
            preferred_dates: dates(row.preferred_dates),
            notes: row.notes,
            notes_changed: row.notes_changed,
            loss_reason: row.loss_reason,
            source: row.source,
            campaign: row.campaign,
            keyword: row.keyword,
            landing_page: row.landing_page,
            referrer: row.referrer,
            referral_code: row.referral_code,
            referred_by_code: row.referred_by_code,
            referral_credits: row.referral_credits,
            version: row.version,
            position: row.position,
        };
        (row.lead_id, kept)
    });
    Ok(row.collect())
}

/// Written by [`write()`] and by nobody else, so it is a list of texts.
fn dates(json: Value) -> Vec<String> {
    serde_json::from_value(json).unwrap_or_default()
}

/// Puts the rows in place of what was there.
pub(super) async fn write(
    db: &mut PgConnection,
    org: OrgId,
    rows: impl Iterator<Item = &Row>,
) -> Result<(), sqlx::Error> {
    let mut rows: Vec<&Row> = rows.collect();
    // Always in the same order, so that two writers cannot wait for each other in a circle.
    rows.sort_unstable_by_key(|row| row.lead_id);
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into lead_list (org_id, lead_id, subject_id, status, created_at, updated_at, name, email, phone,
             postal_code, preferred_dates, notes, notes_changed, loss_reason, source, campaign, keyword, landing_page,
             referrer, referral_code, referred_by_code, referral_credits, version, position, search)
         select $1, r.lead_id, r.subject_id, r.status, r.created_at, r.updated_at, r.name, r.email, r.phone,
                r.postal_code, r.preferred_dates::jsonb, r.notes, r.notes_changed, r.loss_reason, r.source, r.campaign,
                r.keyword, r.landing_page, r.referrer, r.referral_code, r.referred_by_code, r.referral_credits,
                r.version, r.position, r.search
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[], $14::text[], $15::text[],
                     $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::integer[],
                     $23::integer[], $24::bigint[], $25::text[])
              r (lead_id, subject_id, status, created_at, updated_at, name, email, phone, postal_code,
                 preferred_dates, notes, notes_changed, loss_reason, source, campaign, keyword, landing_page, referrer,
                 referral_code, referred_by_code, referral_credits, version, position, search)
         on conflict (org_id, lead_id) do update
         set status = excluded.status, updated_at = excluded.updated_at, name = excluded.name, email = excluded.email,
             phone = excluded.phone, postal_code = excluded.postal_code, preferred_dates = excluded.preferred_dates,
             notes = excluded.notes, notes_changed = excluded.notes_changed, loss_reason = excluded.loss_reason,
             source = excluded.source, campaign = excluded.campaign, keyword = excluded.keyword,
             landing_page = excluded.landing_page, referrer = excluded.referrer,
             referral_credits = excluded.referral_credits, version = excluded.version, position = excluded.position,
             search = excluded.search",
        org.as_uuid(),
        &column(&rows, |row| row.lead_id.as_uuid()),
        &column(&rows, |row| row.subject.as_uuid()),
        &column(&rows, |row| row.status.as_str()) as &[&str],
        &column(&rows, |row| row.created_at),
        &column(&rows, |row| row.updated_at),
        &column(&rows, |row| row.name.as_str()) as &[&str],
        &column(&rows, |row| row.email.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.phone.as_str()) as &[&str],
        &column(&rows, |row| row.postal_code.as_deref()) as &[Option<&str>],
        &column(&rows, |row| Value::from(row.preferred_dates.clone()).to_string()),
        &column(&rows, |row| row.notes.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.notes_changed),
        &column(&rows, |row| row.loss_reason.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.source.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.campaign.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.keyword.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.landing_page.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.referrer.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.referral_code.as_str()) as &[&str],
        &column(&rows, |row| row.referred_by_code.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.referral_credits),
        &column(&rows, |row| row.version),
        &column(&rows, |row| row.position),
        &column(&rows, Row::search),
    )
    .execute(db)
    .await?;
    Ok(())
}

fn column<'a, T>(rows: &[&'a Row], field: impl Fn(&'a Row) -> T) -> Vec<T> {
    rows.iter().copied().map(field).collect()
}
