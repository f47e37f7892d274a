//! What the worker tells the operators.

use std::collections::HashMap;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use sqlx::PgPool;

use super::turn::Outcome;

pub(crate) fn describe() {
    describe_gauge!("projection_lag_events", "Events that a projection has yet to apply");
    describe_gauge!(
        "projection_lag_seconds",
        "Age of the oldest event of the last batch; 0 when caught up"
    );
    describe_gauge!("projection_parked", "Streams a projection has stopped at");
    describe_gauge!("projection_halted", "Logs a projection can no longer follow");
    describe_histogram!("projection_batch_events", "Events per batch");
    describe_histogram!("projection_apply_seconds", "Time per batch, commit included");
    describe_counter!("projection_errors_total", "Turns that failed, by kind");
}

/// One turn.
pub(crate) fn turn(projection: &str, outcome: &Result<Outcome, sqlx::Error>, took: Duration) {
    let name = projection.to_owned();
    let kind = match outcome {
        Ok(Outcome::Moved { events, lag, .. }) => {
            // Exact up to 2^53, far above the size of a batch.
            #[expect(clippy::cast_precision_loss, reason = "a batch has a few thousand events")]
            histogram!("projection_batch_events", "projection" => name.clone())
                .record(*events as f64);
            histogram!("projection_apply_seconds", "projection" => name.clone()).record(took);
            gauge!("projection_lag_seconds", "projection" => name).set(lag.as_secs_f64());
            return;
        }
        Ok(Outcome::CaughtUp | Outcome::StillHalted) => return,
        Ok(Outcome::Halted(_)) => "halted",
        Ok(Outcome::Fenced) => "fenced",
        Err(_) => "database",
    };
    counter!("projection_errors_total", "projection" => name, "kind" => kind).increment(1);
}

/// Where everything stands, over all organisations.
pub(crate) async fn progress(pool: &PgPool, checkpoints: &[String]) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        r#"select projection as "projection!", coalesce(sum(head - position), 0)::float8 as "behind!",
                  coalesce(sum(parked), 0)::float8 as "parked!", count(halted)::float8 as "halted!"
           from log.progress($1) group by projection"#,
        checkpoints,
    )
    .fetch_all(pool)
    .await?;
    let mut seen: HashMap<String, (f64, f64, f64)> =
        checkpoints.iter().map(|name| (name.clone(), (0.0, 0.0, 0.0))).collect();
    seen.extend(rows.into_iter().map(|row| (row.projection, (row.behind, row.parked, row.halted))));
    for (name, (behind, parked, halted)) in seen {
        gauge!("projection_lag_events", "projection" => name.clone()).set(behind);
        gauge!("projection_parked", "projection" => name.clone()).set(parked);
        gauge!("projection_halted", "projection" => name.clone()).set(halted);
        if behind == 0.0 {
            gauge!("projection_lag_seconds", "projection" => name).set(0.0);
        }
    }
    Ok(())
}
