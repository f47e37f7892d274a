//! What is measured about the outbox: how much waits, for how long, and what became of each attempt.

use domain::policy::{
    BOOKING_CONFIRMED, BOOKING_REMINDER, BREAK_GLASS_STARTED, PORTAL_LINK, REQUEST_RECEIVED,
    VISIT_PLANNED,
};
use metrics::{Counter, Gauge};
use sqlx::PgPool;

/// Kinds of effects that have series of their own; whatever a newer build has written shares one.
const KINDS: [&str; 7] = [
    REQUEST_RECEIVED,
    BOOKING_CONFIRMED,
    BOOKING_REMINDER,
    PORTAL_LINK,
    BREAK_GLASS_STARTED,
    VISIT_PLANNED,
    "unknown",
];

/// What an attempt may come to: state of the effect, and how operators call that.
const ENDS: [(&str, &str); 4] = [
    ("delivered", "delivered"),
    ("suppressed", "skipped"),
    ("waiting", "failed"),
    ("dead", "dead"),
];

/// Handles, made once.
pub(super) struct Figures {
    /// By kind and end.
    ended: [[Counter; ENDS.len()]; KINDS.len()],
    pending: Gauge,
    retry: Gauge,
    dead: Gauge,
    dead_letters: Gauge,
    oldest: Gauge,
}

impl Figures {
    /// Everything at zero.
    pub(super) fn start() -> Self {
        metrics::describe_counter!("email_notifications_total", "Attempts to send a mail.");
        metrics::describe_gauge!("outbox_queue_messages", "Effects that are not done, by state.");
        metrics::describe_gauge!(
            "outbox_oldest_pending_seconds",
            "How long the effect that is due longest has been due."
        );
        metrics::describe_gauge!("dlq_depth_snapshot", "Effects that nobody tries any more.");
        let ended = KINDS.map(|kind| {
            ENDS.map(|(_, status)| {
                let counter = metrics::counter!("email_notifications_total", "template" => kind, "status" => status);
                counter.absolute(0);
                counter
            })
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
        Self { ended, pending, retry, dead, dead_letters, oldest }
    }

    /// Counts an attempt at an effect of this kind that left it in `state`.
    pub(super) fn ended(&self, kind: &str, state: &str) {
        let place = KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len() - 1);
        let ends = ENDS.iter().zip(&self.ended[place]);
        if let Some((_, counter)) = ends.into_iter().find(|((known, _), _)| *known == state) {
            counter.increment(1);
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
        self.oldest.set(counts.oldest);
    }
}
