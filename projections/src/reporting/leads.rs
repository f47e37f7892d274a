//! What became of whoever asked for an offer, at every position of the log; where they came from is readable, and therefore
//! wiped when they are erased.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::SubjectId;
use domain::personal::Personal;
use domain::recorded::Recorded;
use domain::sales::lead::{Attribution, Lead, LeadEvent, Submitted};
use domain::seal::SubjectKeys;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::versions::{self, Version, Versions};
use crate::{Batch, Parking, Poison, Projection};

/// Of somebody of whom nobody knows where they came from.
const UNKNOWN: &str = "Unknown";

/// Keeps the `lead_versions` and `offer_facts` tables.
#[derive(Debug)]
pub struct ReportLeads;

impl Projection for ReportLeads {
    const NAME: &'static str = "report_leads";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["lead_versions", "offer_facts"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let (ids, erased) = (batch.ids_of(Lead::TYPE), batch.erased());
        if ids.is_empty() && erased.is_empty() {
            return Ok(Vec::new());
        }
        let keys = batch.keys(&mut *db, Lead::TYPE).await?;
        let rows = Versions::<Row>::load(&mut *db, batch.org, &ids).await?;
        let mut told = Told { rows, offers: Vec::new() };
        let poison = told.fold(batch.events, &keys);
        told.rows.write(&mut *db, batch.org).await?;
        offer(&mut *db, &told.offers).await?;
        forget(db, batch.org.as_uuid(), &erased).await?;
        Ok(poison)
    }
}

/// An offer is sent once, however often it is sent again.
async fn offer(db: &mut PgConnection, offers: &[Offer]) -> Result<(), sqlx::Error> {
    let Some(org) = offers.first().map(|offer| offer.org_id) else { return Ok(()) };
    let ids: Vec<Uuid> = offers.iter().map(|offer| offer.quote_id).collect();
    let known = sqlx::query_scalar!(
        "select quote_id from offer_facts where org_id = $1 and quote_id = any($2)",
        org,
        &ids,
    )
    .fetch_all(&mut *db)
    .await?;
    let mut new: Vec<&Offer> = Vec::new();
    for offer in offers {
        let is_new = !new.iter().any(|one| one.quote_id == offer.quote_id);
        if is_new && !known.contains(&offer.quote_id) {
            new.push(offer);
        }
    }
    versions::insert(db, "offer_facts", &new).await
}

async fn forget(db: &mut PgConnection, org: Uuid, erased: &[SubjectId]) -> Result<(), sqlx::Error> {
    if erased.is_empty() {
        return Ok(());
    }
    let erased: Vec<Uuid> = erased.iter().map(|subject| subject.as_uuid()).collect();
    sqlx::query!(
        "update lead_versions set source = null, path = null, loss_reason = null
         where org_id = $1 and lead_id = any($2)",
        org,
        &erased,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A row of `lead_versions`. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    org_id: Uuid,
    lead_id: Uuid,
    position: i64,
    until: Option<i64>,
    submitted_at: DateTime<Utc>,
    submitted_position: i64,
    lost_at: Option<DateTime<Utc>>,
    lost_position: Option<i64>,
    source: Option<String>,
    path: Option<String>,
    loss_reason: Option<String>,
    estimate_cents: i64,
    labor_cents: i64,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} at {})", self.lead_id, self.position)
    }
}

impl Version for Row {
    const TABLE: &'static str = "lead_versions";
    const ID: &'static str = "lead_id";

    fn id(&self) -> Uuid {
        self.lead_id
    }

    fn span(&mut self) -> (&mut i64, &mut Option<i64>) {
        (&mut self.position, &mut self.until)
    }
}

#[derive(Debug, Serialize)]
struct Offer {
    org_id: Uuid,
    quote_id: Uuid,
    lead_id: Uuid,
    position: i64,
    at: DateTime<Utc>,
}

fn filled(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The name of the only point at which somebody is known to have met the organisation.
fn path(from: &Attribution) -> String {
    let named = [&from.source, &from.utm_medium, &from.campaign, &from.landing_page];
    let first = named.into_iter().find_map(|text| filled(text.as_ref()));
    first.unwrap_or_else(|| UNKNOWN.to_owned())
}

fn submitted(asked: &Submitted, event: &Recorded) -> Row {
    let from = asked.attribution.open();
    Row {
        org_id: event.org.as_uuid(),
        lead_id: asked.lead_id.as_uuid(),
        position: event.position,
        until: None,
        submitted_at: asked.at,
        submitted_position: event.position,
        lost_at: None,
        lost_position: None,
        source: from.map(|from| filled(from.source.as_ref()).unwrap_or_else(|| UNKNOWN.to_owned())),
        path: from.map(path),
        loss_reason: None,
        estimate_cents: asked.estimate.total_cents,
        labor_cents: asked.estimate.labor_cents,
    }
}

struct Told {
    rows: Versions<Row>,
    offers: Vec<Offer>,
}

impl Told {
    fn fold(&mut self, events: &[&Recorded], keys: &SubjectKeys) -> Vec<Poison> {
        let mut parking = Parking::default();
        for &event in events {
            if event.aggregate_type != Lead::TYPE || parking.holds(event) {
                continue;
            }
            let decoded = event.open::<Lead>(keys);
            let Some(happened) = parking.unless_broken(event, decoded) else { continue };
            if let Err(reason) = self.apply(happened, event) {
                parking.park(event, reason);
            }
        }
        parking.into_poison()
    }

    fn apply(&mut self, happened: LeadEvent, event: &Recorded) -> Result<(), &'static str> {
        use LeadEvent as E;

        let id = event.aggregate_id.parse::<Uuid>().map_err(|_| "the id of a lead is a UUID")?;
        let position = event.position;
        if let E::Submitted(asked) = &happened {
            self.rows.put(submitted(asked, event), position);
            return Ok(());
        }
        let Some(mut row) = self.rows.get(id).cloned() else {
            return Err("the lead was never submitted");
        };
        match happened {
            E::Lost { reason, at } => {
                (row.lost_at, row.lost_position) = (Some(at), Some(position));
                row.loss_reason = words(&reason);
                self.rows.put(row, position);
            }
            E::LossReasonChanged { reason, .. } => {
                row.loss_reason = words(&reason);
                self.rows.put(row, position);
            }
            E::QuoteSent { quote_id, at, .. } => self.offers.push(Offer {
                org_id: event.org.as_uuid(),
                quote_id: quote_id.as_uuid(),
                lead_id: id,
                position,
                at,
            }),
            E::Submitted(_)
            | E::Contacted { .. }
            | E::Quoted { .. }
            | E::Won { .. }
            | E::NotesChanged { .. }
            | E::TimelineEntryAdded { .. }
            | E::QuoteDrafted { .. }
            | E::QuoteRevised { .. }
            | E::QuoteAccepted { .. }
            | E::QuoteDeclined { .. }
            | E::QuoteExpired { .. }
            | E::QuoteFollowedUp { .. } => {}
        }
        Ok(())
    }
}

fn words(reason: &Personal<String>) -> Option<String> {
    filled(reason.open())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{keys, life, logged};

    fn told(keys: &SubjectKeys) -> Told {
        let log = logged(&life());
        let mut told = Told { rows: Versions::default(), offers: Vec::new() };
        assert_eq!(told.fold(&log.iter().collect::<Vec<_>>(), keys), []);
        told
    }

    #[test]
    fn what_was_lost_keeps_each_reason_that_was_given_for_it() {
        let told = told(&keys());
        let reasons = told.rows.rows().into_iter().map(|row| row.loss_reason.as_deref());
        let said = [None, Some("moved to Zürich"), Some("too dear for Zoë")];
        assert_eq!(reasons.collect::<Vec<_>>(), said);
        assert!(told.rows.rows().iter().all(|row| row.source.as_deref() == Some("flyer")));
        assert_eq!(told.offers.iter().map(|one| one.position).collect::<Vec<_>>(), [6]);
    }

    #[test]
    fn whoever_was_erased_leaves_the_same_rows_without_a_word() {
        let erased = told(&SubjectKeys::new());
        let (live, erased) = (told(&keys()), erased.rows.rows());
        let spans = |rows: Vec<&Row>| rows.iter().map(|row| row.position).collect::<Vec<_>>();
        assert_eq!(spans(live.rows.rows()), spans(erased.clone()));
        assert!(erased.iter().all(|row| row.source.is_none() && row.loss_reason.is_none()));
    }
}
