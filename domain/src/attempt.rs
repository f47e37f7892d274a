//! What staff tried that left no event, as the audit log keeps it: refusals, failed logins, reads that leave the system.
//!
//! Entries form a chain of their own per organisation, which says of each that it is younger than an event of the log.
//! `hash = SHA-256(previous ‖ number ‖ time ‖ log position ‖ log hash ‖ framed fields)`; integers are big-endian, eight
//! bytes; a field is framed by its length, or -1 if there is none.

use chrono::{DateTime, Utc};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::chain::Hash;
use crate::id::OrgId;

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// Whoever asked may not.
    Denied,
    /// It cannot be done, or not like this.
    Rejected,
    /// We failed.
    Error,
}

/// One entry. It holds no secret, no text of a person and nothing of what a request carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id: what was noted already is not noted twice.
    pub audit_id: Uuid,
    /// Whose audit log.
    pub org: OrgId,
    /// Role in which it was tried.
    pub admin_role: String,
    /// Who: the id of a login, the name of a program.
    pub actor: String,
    /// The login, if it was one.
    pub actor_user_id: Option<Uuid>,
    /// As `resource.verb`.
    pub action: String,
    /// What it was about.
    pub resource_type: Option<String>,
    /// Which one.
    pub resource_id: Option<String>,
    /// JSON text.
    pub metadata: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Status of the answer.
    pub status_code: Option<u16>,
    /// In which request.
    pub request_id: Option<String>,
    /// What belongs together with it.
    pub correlation_id: Option<String>,
    /// An address or its network.
    pub client_ip: Option<String>,
    /// Beginning of the hash of what the request says it was sent with.
    pub user_agent_hash: Option<String>,
}

impl Attempt {
    /// By a program of ours, for whoever runs it.
    pub fn of_program(
        audit_id: Uuid,
        org: OrgId,
        action: &str,
        outcome: Outcome,
        metadata: &Value,
    ) -> Self {
        Self {
            audit_id,
            org,
            admin_role: "operator".to_owned(),
            actor: "cli".to_owned(),
            actor_user_id: None,
            action: action.to_owned(),
            resource_type: action.split('.').next().map(str::to_owned),
            resource_id: None,
            metadata: metadata.to_string(),
            outcome,
            status_code: None,
            request_id: None,
            correlation_id: None,
            client_ip: None,
            user_agent_hash: None,
        }
    }
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Hash of the entry before it.
    pub previous: &'a Hash,
    /// 1, 2, 3, …
    pub number: i64,
    /// When it was noted.
    pub at: DateTime<Utc>,
    /// Where the log stood then.
    pub log_position: i64,
    /// What the chain of the log said there.
    pub log_hash: &'a Hash,
}

/// What the chain starts from; differs for each organisation.
pub fn genesis(org: OrgId) -> Hash {
    let mut sha = Context::new(&SHA256);
    sha.update(b"cleaning.audit.1");
    sha.update(org.as_uuid().as_bytes());
    finish(sha)
}

/// What the chain must say at an entry. `client_ip` counts as the database spells it.
pub fn hash(place: &Place<'_>, attempt: &Attempt) -> Hash {
    let mut sha = Context::new(&SHA256);
    sha.update(place.previous);
    for number in [place.number, place.at.timestamp_micros(), place.log_position] {
        sha.update(&number.to_be_bytes());
    }
    sha.update(place.log_hash);
    let text = |uuid: Uuid| uuid.to_string();
    let outcome: &'static str = attempt.outcome.into();
    for field in [
        Some(text(attempt.audit_id).as_str()),
        Some(&attempt.admin_role),
        Some(&attempt.actor),
        attempt.actor_user_id.map(text).as_deref(),
        Some(&attempt.action),
        attempt.resource_type.as_deref(),
        attempt.resource_id.as_deref(),
        Some(&attempt.metadata),
        Some(outcome),
        attempt.status_code.map(|status| status.to_string()).as_deref(),
        attempt.request_id.as_deref(),
        attempt.correlation_id.as_deref(),
        attempt.client_ip.as_deref(),
        attempt.user_agent_hash.as_deref(),
    ] {
        match field {
            None => sha.update(&(-1_i64).to_be_bytes()),
            Some(text) => {
                sha.update(&(text.len() as u64).to_be_bytes());
                sha.update(text.as_bytes());
            }
        }
    }
    finish(sha)
}

fn finish(sha: Context) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(sha.finish().as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_and_the_place_count() {
        let org = Uuid::nil().into();
        let attempt = Attempt::of_program(Uuid::nil(), org, "a.b", Outcome::Denied, &json!({}));
        let place = |number| Place {
            previous: &[1; 32],
            number,
            at: DateTime::UNIX_EPOCH,
            log_position: 7,
            log_hash: &[2; 32],
        };
        let told = hash(&place(1), &attempt);
        assert_ne!(told, hash(&place(2), &attempt));
        let changes: [fn(&mut Attempt); 6] = [
            |attempt| attempt.outcome = Outcome::Error,
            |attempt| attempt.status_code = Some(403),
            |attempt| attempt.metadata.push(' '),
            |attempt| attempt.actor_user_id = Some(Uuid::nil()),
            |attempt| attempt.client_ip = Some(String::new()),
            |attempt| (attempt.request_id, attempt.resource_type) = (Some("a".to_owned()), None),
        ];
        for change in changes {
            let mut other = attempt.clone();
            change(&mut other);
            assert_ne!(told, hash(&place(1), &other));
        }
    }
}
