//! What auditors and operators do with the log: prove it, export it, look back, rebuild from it.

mod attempts;
mod decisions;
mod past;
mod proof;
mod rebuild;
mod replay;
mod signing;
mod standing;
mod verify;
mod versions;

use chrono::{DateTime, TimeDelta, Utc};
use commands::{CommandBus, Context};
use domain::id::OrgId;
use domain::pricing::prices;
use domain::sales::lead::{Lead, LeadCommand, LeadRequest, Status, Submission};
use domain::subject::{ErasureReason, Subject, SubjectCommand};
use projections::engine::{Options, Worker};
use projections::{READERS, Reader};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::harness::TestDb;
use crate::harness::database::{context, keys};

/// One organisation with leads.
pub(super) struct House {
    pub(super) db: TestDb,
    pub(super) org: OrgId,
    bus: CommandBus,
}

pub(super) fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minute)
}

impl House {
    pub(super) async fn new() -> Self {
        let db = TestDb::new().await;
        let org = db.organisation().await;
        let bus = db.bus();
        Self { db, org, bus }
    }

    async fn command(&self, ctx: &Context, lead: Uuid, command: LeadCommand) -> i64 {
        let nothing = |_: &Lead| Value::Null;
        self.bus.execute(ctx, &lead.to_string(), command, nothing).await.unwrap().position
    }

    /// A new lead; its name and its position.
    pub(super) async fn lead(&self, name: &str) -> (Uuid, i64) {
        let lead = Uuid::now_v7();
        let request = LeadRequest::parse(&json!({
            "name": name, "phone": "780-555-0199", "address": "9 Sample Rd",
            "preferred_dates": ["Tue morning"], "structured_inputs": { "beds": 2, "baths": 1 },
            "estimate_snapshot": {},
        }))
        .unwrap();
        let submission = Submission {
            lead_id: lead.into(),
            estimate: prices::economy_v1().estimate(&request.inputs),
            request,
            referral_code: lead.simple().to_string()[24..].to_uppercase(),
            referrer: None,
            high_value_cents: 30_000,
            now: at(0),
        };
        let submit = LeadCommand::Submit(Box::new(submission));
        (lead, self.command(&context(self.org), lead, submit).await)
    }

    pub(super) async fn contacted(&self, lead: Uuid) -> i64 {
        let status = Status::Contacted;
        let command = LeadCommand::ChangeStatus { status, loss_reason: None, now: at(0) };
        self.command(&context(self.org), lead, command).await
    }

    pub(super) async fn noted(&self, lead: Uuid, action: &str) -> i64 {
        let action = action.to_owned();
        let command = LeadCommand::AddTimelineEntry { action, note: None, now: at(0) };
        self.command(&context(self.org), lead, command).await
    }

    pub(super) async fn erase(&self, lead: Uuid) {
        let command = SubjectCommand::Erase { subject: lead.into(), reason: ErasureReason::Asked };
        let (ctx, nothing) = (context(self.org), |_: &Subject| Value::Null);
        self.bus.execute(&ctx, &lead.to_string(), command, nothing).await.unwrap();
    }

    /// Where the log stands.
    pub(super) async fn head(&self) -> i64 {
        sqlx::query_scalar("select position from log_heads where org_id = $1")
            .bind(self.org.as_uuid())
            .fetch_one(&mut self.admin().await)
            .await
            .unwrap()
    }

    /// `leads` leads with four events each; the log begins with the event that opened it.
    pub(super) async fn fill(&self, leads: usize) {
        for number in 0..leads {
            let (lead, _) = self.lead(&format!("Lead {number}")).await;
            self.contacted(lead).await;
            self.noted(lead, "called").await;
            self.noted(lead, "called again").await;
        }
    }

    pub(super) fn worker(&self, readers: &[Reader]) -> Worker {
        let options = Options { width: 2, ..Options::new("live", readers) };
        Worker::new(self.db.worker.clone(), keys(), options)
    }

    /// Lets every read model catch up.
    pub(super) async fn settle(&self) {
        let worker = self.worker(READERS);
        worker.catch_up().await.unwrap();
        worker.release().await.unwrap();
    }

    pub(super) async fn admin(&self) -> PgConnection {
        self.db.admin().await
    }

    /// Runs `statement` as somebody who may do anything; `$1` is the organisation.
    pub(super) async fn tamper(&self, statement: &str) {
        let mut admin = self.admin().await;
        sqlx::query(statement).bind(self.org.as_uuid()).execute(&mut admin).await.unwrap();
    }
}
