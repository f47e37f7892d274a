//! What has happened to a worker.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::TeamNumber;
use super::profile::Profile;
use crate::event::domain_event;
use crate::id::WorkerId;
use crate::personal::Personal;

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WorkerEvent {
    /// Somebody was taken in.
    Hired {
        /// Who.
        worker_id: WorkerId,
        /// Who they are.
        profile: Personal<Profile>,
        /// With whom they go out.
        team: TeamNumber,
        /// When.
        at: DateTime<Utc>,
    },
    /// Name, phone or address is another.
    ProfileChanged {
        /// Who.
        worker_id: WorkerId,
        /// Who they are from now on.
        profile: Personal<Profile>,
        /// When.
        at: DateTime<Utc>,
    },
    /// They go out with others.
    Transferred {
        /// Who.
        worker_id: WorkerId,
        /// With whom they went out.
        from: TeamNumber,
        /// With whom they go out.
        to: TeamNumber,
        /// When.
        at: DateTime<Utc>,
    },
    /// Staff made a password for one use.
    PasswordIssued {
        /// For whom.
        worker_id: WorkerId,
        /// When it stops working.
        expires_at: DateTime<Utc>,
    },
    /// They chose a password.
    PasswordChanged {
        /// Who.
        worker_id: WorkerId,
    },
    /// They are sent out no more.
    Archived {
        /// Who.
        worker_id: WorkerId,
        /// When.
        at: DateTime<Utc>,
    },
    /// They are sent out again.
    Reinstated {
        /// Who.
        worker_id: WorkerId,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(WorkerEvent, version = "1");
