//! What follows from what happens to a worker: certificates run out, transfers begin, and who is archived goes nowhere any more.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use cqrs_es::Aggregate;
use serde_json::json;

use super::{Intent, TimerCommand};
use crate::id::{CertificateId, WorkerId};
use crate::people::worker::{Worker, WorkerEvent};

/// The kind of the action that takes somebody who was archived off the visits that are to come.
pub const CREW_CLEAR: &str = "schedule.crew_clear";

/// Everything that follows from what happened to a worker.
pub fn worker_intents(worker: WorkerId, event: &WorkerEvent) -> Vec<Intent> {
    use WorkerEvent as E;

    match event {
        E::CertificateAdded { cert_id, expires_at: Some(last), .. } => {
            let command = TimerCommand::ExpireCertificate { cert_id: *cert_id };
            let next = last.checked_add_days(Days::new(1)).unwrap_or(*last);
            vec![timer(expiry(*cert_id), next, worker, command)]
        }
        E::CertificateArchived { cert_id, .. } => {
            vec![Intent::CancelTimer { key: expiry(*cert_id) }]
        }
        E::TransferPlanned { to, effective, .. } => {
            let command = TimerCommand::TransferWorker { to: *to, effective: *effective };
            vec![timer(transfer(worker), *effective, worker, command)]
        }
        E::Transferred { .. } | E::TransferDropped { .. } => {
            vec![Intent::CancelTimer { key: transfer(worker) }]
        }
        E::Archived { at, .. } => vec![Intent::Effect {
            kind: CREW_CLEAR,
            dedupe_key: format!("{CREW_CLEAR}:{worker}@{}", at.timestamp_micros()),
            payload: json!({ "worker_id": worker }),
        }],
        E::CertificateAdded { expires_at: None, .. }
        | E::Hired { .. }
        | E::ProfileChanged { .. }
        | E::Qualified { .. }
        | E::RateChanged { .. }
        | E::OnboardingStepSet { .. }
        | E::CertificateExpired { .. }
        | E::NoteAdded { .. }
        | E::IncidentReported { .. }
        | E::Reviewed { .. }
        | E::Announced { .. }
        | E::PasswordIssued { .. }
        | E::PasswordChanged { .. }
        | E::Reinstated { .. } => Vec::new(),
    }
}

fn expiry(certificate: CertificateId) -> String {
    format!("certificate_expiry:{certificate}")
}

fn transfer(worker: WorkerId) -> String {
    format!("worker_transfer:{worker}")
}

/// At noon UTC, when that day has begun nearly everywhere, and in America work has not.
fn timer(key: String, day: NaiveDate, worker: WorkerId, command: TimerCommand) -> Intent {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    let fires_at: DateTime<Utc> = day.and_time(noon).and_utc();
    let (aggregate_type, aggregate_id) = (Worker::TYPE, worker.to_string());
    Intent::SetTimer { key, fires_at, aggregate_type, aggregate_id, command }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::people::worker::TeamNumber;
    use crate::people::worker::file::CertificateStatus;
    use crate::personal::Personal;

    fn worker() -> WorkerId {
        Uuid::from_u128(1).into()
    }

    #[test]
    fn a_certificate_runs_out_the_day_after_its_last_unless_it_is_put_away() {
        let (cert_id, at) = (Uuid::from_u128(2).into(), DateTime::UNIX_EPOCH);
        let added = |expires_at| WorkerEvent::CertificateAdded {
            worker_id: worker(),
            cert_id,
            name: Personal::of(worker().into(), "Ladder Safety".to_owned()),
            status: CertificateStatus::Active,
            issued_at: None,
            expires_at,
            at,
        };
        let last = NaiveDate::from_ymd_opt(2030, 1, 31);
        let follows = worker_intents(worker(), &added(last));
        let [Intent::SetTimer { fires_at, key, .. }] = &follows[..] else { panic!("{follows:?}") };
        assert_eq!(fires_at.to_rfc3339(), "2030-02-01T12:00:00+00:00");
        let away = WorkerEvent::CertificateArchived { worker_id: worker(), cert_id, at };
        assert_eq!(worker_intents(worker(), &away), [Intent::CancelTimer { key: key.clone() }]);
        assert_eq!(worker_intents(worker(), &added(None)), []);
    }

    #[test]
    fn whoever_is_archived_is_taken_off_visits_each_time() {
        let archived = |second| WorkerEvent::Archived {
            worker_id: worker(),
            at: DateTime::from_timestamp(second, 0).unwrap(),
        };
        let key = |second| match &worker_intents(worker(), &archived(second))[..] {
            [Intent::Effect { kind: CREW_CLEAR, dedupe_key, .. }] => dedupe_key.clone(),
            other => panic!("{other:?}"),
        };
        assert_ne!(key(1), key(2));
    }

    #[test]
    fn a_planned_transfer_begins_with_its_day_and_another_one_replaces_it() {
        let to = TeamNumber::FIRST;
        let planned = |day| WorkerEvent::TransferPlanned {
            worker_id: worker(),
            to,
            effective: NaiveDate::from_ymd_opt(2030, 1, day).unwrap(),
            at: DateTime::UNIX_EPOCH,
        };
        let key = |day| match &worker_intents(worker(), &planned(day))[..] {
            [Intent::SetTimer { key, .. }] => key.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(key(1), key(2));
    }
}
