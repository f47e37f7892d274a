//! What is measured about the outbox: how much waits, for how long, and what became of each attempt.

use domain::policy::{
    BOOKING_CONFIRMED, BOOKING_REMINDER, BREAK_GLASS_STARTED, DISPATCH_NOTICE, PORTAL_LINK,
    REQUEST_RECEIVED, VISIT_PLANNED,
};
use metrics::{Counter, Gauge};
use sqlx::PgPool;

use super::NAME;

/// Kinds of effects that have series of their own; whatever a newer build has written shares one.
const KINDS: [&str; 8] = [
    REQUEST_RECEIVED,
    BOOKING_CONFIRMED,
    BOOKING_REMINDER,
    PORTAL_LINK,
    BREAK_GLASS_STARTED,
    VISIT_PLANNED,
    DISPATCH_NOTICE,
    "unknown",
];

/// Of an effect that waits without having been tried.
pub(super) const POSTPONED: &str = "postponed";

/// What an attempt may come to: state of the effect, and how operators call that of a notification, of the mail server and
/// of the job.
const ENDS: [(&str, &str, &str, &str); 5] = [
    ("delivered", "delivered", "sent", "sent"),
    ("suppressed", "skipped", "skipped", "skipped"),
    ("waiting", "failed", "error", "error"),
    ("dead", "dead", "error", "error"),
    (POSTPONED, "queued", "circuit_open", "skipped"),
];

/// Handles, made once.
pub(super) struct Figures {
    /// By kind and end.
    ended: [[Counter; ENDS.len()]; KINDS.len()],
    /// By end.
    server: [Counter; ENDS.len()],
    job: [Counter; ENDS.len()],
    pending: Gauge,
    retry: Gauge,
    dead: Gauge,
    dead_letters: Gauge,
    /// Those that are mails: to be tried again, and given up.
    mails: [Gauge; 2],
    oldest: Gauge,
}

impl Figures {
    /// Everything at zero.
    pub(super) fn start() -> Self {
        describe();
        let ended = KINDS.map(|kind| {
            ENDS.map(|(_, status, _, _)| {
                let counter = metrics::counter!("email_notifications_total", "template" => kind, "status" => status);
                counter.absolute(0);
                counter
            })
        });
        let server = ENDS.map(|(_, _, status, _)| {
            let counter = metrics::counter!("email_adapter_outcomes_total", "status" => status);
            counter.absolute(0);
            counter
        });
        let job = ENDS.map(|(_, _, _, status)| {
            let counter =
                metrics::counter!("email_jobs_total", "job_name" => NAME, "status" => status);
            counter.absolute(0);
            counter
        });
        let queue = |status: &'static str| {
            let gauge = metrics::gauge!("outbox_queue_messages", "status" => status);
            gauge.set(0.0);
            gauge
        };
        let oldest = metrics::gauge!("outbox_oldest_pending_seconds");
        oldest.set(0.0);
        let dead_letters =
            metrics::gauge!("dlq_depth_snapshot", "kind" => "outbox", "stage" => "dead");
        dead_letters.set(0.0);
        let (pending, retry, dead) = (queue("pending"), queue("retry"), queue("dead"));
        let mails = ["pending", "dead"].map(|status| {
            let gauge = metrics::gauge!("email_dlq_messages", "status" => status);
            gauge.set(0.0);
            gauge
        });
        Self { ended, server, job, pending, retry, dead, dead_letters, mails, oldest }
    }

    /// Counts an attempt at an effect of this kind that left it in `state`, or [`POSTPONED`].
    pub(super) fn ended(&self, kind: &str, state: &str) {
        let place = KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len() - 1);
        if let Some(end) = ENDS.iter().position(|(known, ..)| *known == state) {
            for counter in [&self.ended[place][end], &self.server[end], &self.job[end]] {
                counter.increment(1);
            }
        }
    }

    /// Counts what is in the queue.
    pub(super) async fn count_queue(&self, db: &PgPool) {
        let counts = sqlx::query!(
            r#"select coalesce(sum(messages) filter (where state in ('due', 'leased')), 0)::float8 as "pending!",
                      coalesce(sum(messages) filter (where state = 'waiting'), 0)::float8 as "retry!",
                      coalesce(sum(messages) filter (where state = 'dead'), 0)::float8 as "dead!",
                      coalesce(greatest(extract(epoch from now() - min(oldest_due)
                          filter (where state in ('due', 'leased', 'waiting'))), 0), 0)::float8 as "oldest!"
               from log.effect_counts()"#
        )
        .fetch_one(db)
        .await;
        // A database that is away is told by others; the last count stays.
        let Ok(counts) = counts else { return };
        self.pending.set(counts.pending);
        self.retry.set(counts.retry);
        self.dead.set(counts.dead);
        self.dead_letters.set(counts.dead);
        // So far every effect is a mail.
        self.mails[0].set(counts.retry);
        self.mails[1].set(counts.dead);
        self.oldest.set(counts.oldest);
    }
}

fn describe() {
    metrics::describe_counter!("email_notifications_total", "Attempts to send a mail.");
    metrics::describe_counter!("email_adapter_outcomes_total", "What came of handing in mails.");
    metrics::describe_counter!("email_jobs_total", "Mails that jobs had to send.");
    metrics::describe_gauge!("email_dlq_messages", "Mails that did not go out, by state.");
    metrics::describe_gauge!("outbox_queue_messages", "Effects that are not done, by state.");
    metrics::describe_gauge!(
        "outbox_oldest_pending_seconds",
        "How long the effect that is due longest has been due."
    );
    metrics::describe_gauge!("dlq_depth_snapshot", "Effects that nobody tries any more.");
}
