//! Leads to work on.

use commands::CommandBus;
use domain::id::{LeadId, OrgId};
use domain::pricing::prices;
use domain::sales::lead::{Lead, LeadCommand, LeadRequest, Submission, referral_code};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::program::Program;
use crate::stage::context;
use crate::wire::crowd;

/// How many are made at once.
const AT_ONCE: usize = 64;

/// New leads, written through `bus`.
pub(crate) async fn make(bus: &CommandBus, org: OrgId, count: usize) -> Vec<LeadId> {
    let tasks = (0..AT_ONCE).map(|_| {
        let bus = bus.clone();
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move {
            let mut made = Vec::new();
            for _ in 0..count / AT_ONCE {
                made.push(submit(&bus, org).await);
            }
            made
        })
    });
    futures::future::join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect()
}

async fn submit(bus: &CommandBus, org: OrgId) -> LeadId {
    let lead_id = LeadId::from(Uuid::now_v7());
    let request = LeadRequest::parse(&body()).unwrap();
    let estimate = prices::economy_v1().estimate(&request.inputs);
    let referral_code = referral_code(rand::random());
    #[expect(clippy::disallowed_methods, reason = "a benchmark is its own edge")]
    let now = chrono::Utc::now();
    let (referrer, high_value_cents) = (None, 30_000);
    let submission =
        Submission { lead_id, request, estimate, referral_code, referrer, high_value_cents, now };
    let command = LeadCommand::Submit(Box::new(submission));
    bus.create(&context(org), &lead_id.to_string(), command, |_: &Lead| Value::Null).await.unwrap();
    lead_id
}

/// New leads as the public posts them, so that the API has met them before.
pub(super) async fn post(api: &Program, org: OrgId, count: usize) -> Vec<LeadId> {
    let (headers, body) = (format!("x-org: {org}\r\n"), body().to_string());
    let made = crowd(api.port, AT_ONCE, move |mut connection, _| {
        let (headers, body) = (headers.clone(), body.clone());
        async move {
            let mut made = Vec::new();
            for _ in 0..count / AT_ONCE {
                let answer = connection.post("/v1/leads", &headers, &body).await.json();
                made.push(answer["lead_id"].as_str().unwrap().parse().unwrap());
            }
            made
        }
    });
    made.await.results.into_iter().flatten().collect()
}

fn body() -> Value {
    json!({
        "name": "Dana Kowalski", "phone": "780-555-0199", "email": "dana@example.org", "address": "9 Sample Rd",
        "preferred_dates": ["Tue morning"], "structured_inputs": {"beds": 2, "baths": 1}, "estimate_snapshot": {},
    })
}
