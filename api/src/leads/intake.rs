//! Completes a request for an offer with every fact its decision needs, and submits it.

use commands::{CommandError, Context, Done};
use domain::id::{LeadId, OrgId};
use domain::personal::Personal;
use domain::sales::lead::{
    Contact, Details, Lead, LeadCommand, LeadError, LeadRequest, REFERRAL_CODES, Referrer,
    Submission, referral_code,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::problem::Problem;
use crate::state::App;

/// Codes to try: with a trillion of them, one collision is rare and ten do not happen.
const ATTEMPTS: usize = 10;

/// Shown to whoever asked; existing pages display it as it is.
const NEXT_STEP: &str = "Thanks! Our team will confirm your booking and follow up shortly.";

pub(super) async fn submit(
    app: &App,
    context: &Context,
    request: LeadRequest,
) -> Result<Done, Problem> {
    let referrer = match &request.referred_by_code {
        Some(code) => referrer(app, context.org, code).await?,
        None => None,
    };
    let holds = app.prices.of(app, context.org).await?;
    let estimate = holds.prices.estimate(&request.inputs);
    let mut submission = Submission {
        lead_id: Uuid::now_v7().into(),
        request,
        estimate,
        referral_code: random_code(),
        referrer,
        high_value_cents: holds.book.policies.deposit.high_value_cents,
        now: app.now(),
    };
    for _ in 1..ATTEMPTS {
        match send(app, context, submission.clone()).await {
            Err(CommandError::ClaimTaken { scope }) if scope == REFERRAL_CODES => {
                submission.referral_code = random_code();
            }
            fate => return Ok(fate?),
        }
    }
    Ok(send(app, context, submission).await?)
}

async fn send(
    app: &App,
    context: &Context,
    submission: Submission,
) -> Result<Done, CommandError<LeadError>> {
    let id = submission.lead_id.to_string();
    let command = LeadCommand::Submit(Box::new(submission));
    app.bus.create::<Lead>(context, &id, command, receipt).await
}

fn receipt(lead: &Lead) -> Value {
    let submitted = lead.details().map(|details| &details.submitted);
    json!({
        "lead_id": submitted.map(|submitted| submitted.lead_id),
        "next_step_text": NEXT_STEP,
        "referral_code": submitted.map(|submitted| submitted.referral_code.as_str()),
    })
}

/// Whoever passed the code on, and how to reach them: nobody refers themselves.
async fn referrer(app: &App, org: OrgId, code: &str) -> Result<Option<Referrer>, Problem> {
    let Some(holder) = app.bus.holder(org, REFERRAL_CODES, code).await? else { return Ok(None) };
    let lead = app.bus.load::<Lead>(org, &holder).await?;
    Ok(lead.state.details().map(|details| known_as(details.submitted.lead_id, details)))
}

fn known_as(lead_id: LeadId, details: &Details) -> Referrer {
    let contact: Option<&Contact> = Personal::open(&details.submitted.contact);
    Referrer {
        lead_id,
        phone: contact.map(|contact| contact.phone.clone()),
        email: contact.and_then(|contact| contact.email.clone()),
    }
}

/// Not a secret: whoever knows a code may use it.
fn random_code() -> String {
    let [_, _, _, _, _, _, _, _, random @ ..] = Uuid::new_v4().into_bytes();
    referral_code(random)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_differ() {
        let codes: HashSet<String> = (0..1000).map(|_| random_code()).collect();
        assert_eq!(codes.len(), 1000);
        assert!(codes.iter().all(|code| code.len() == 8));
    }
}
