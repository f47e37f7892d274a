//! What the worker tells the operators. The handles are made once: a turn looks up one name.

use std::collections::HashMap;
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};
use sqlx::PgPool;

use super::turn::Outcome;

/// The figures of every projection that a worker may keep.
pub(crate) struct Gauges(HashMap<String, OfProjection>);

/// Their values are read by nobody here.
impl std::fmt::Debug for Gauges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gauges({} projections)", self.0.len())
    }
}

struct OfProjection {
    lag_events: Gauge,
    lag_seconds: Gauge,
    parked: Gauge,
    halted: Gauge,
    batch_events: Histogram,
    apply_seconds: Histogram,
    halts: Counter,
    fences: Counter,
    database_errors: Counter,
}

impl OfProjection {
    fn new(name: &str) -> Self {
        let errors = |kind: &'static str| {
            let errors = counter!("projection_errors_total", "projection" => name.to_owned(), "kind" => kind);
            errors.absolute(0);
            errors
        };
        Self {
            lag_events: gauge!("projection_lag_events", "projection" => name.to_owned()),
            lag_seconds: gauge!("projection_lag_seconds", "projection" => name.to_owned()),
            parked: gauge!("projection_parked", "projection" => name.to_owned()),
            halted: gauge!("projection_halted", "projection" => name.to_owned()),
            batch_events: histogram!("projection_batch_events", "projection" => name.to_owned()),
            apply_seconds: histogram!("projection_apply_seconds", "projection" => name.to_owned()),
            halts: errors("halted"),
            fences: errors("fenced"),
            database_errors: errors("database"),
        }
    }
}

impl Gauges {
    /// Of the projections with these names.
    pub(crate) fn of<'a>(projections: impl IntoIterator<Item = &'a str>) -> Self {
        describe();
        let made = projections.into_iter().map(|name| (name.to_owned(), OfProjection::new(name)));
        Self(made.collect())
    }

    /// One turn.
    pub(crate) fn turn(
        &self,
        projection: &str,
        outcome: &Result<Outcome, sqlx::Error>,
        took: Duration,
    ) {
        let Some(of) = self.0.get(projection) else { return };
        match outcome {
            Ok(Outcome::Moved { events, lag, .. }) => {
                // Exact up to 2^53, far above the size of a batch.
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a batch has a few thousand events"
                )]
                of.batch_events.record(*events as f64);
                of.apply_seconds.record(took);
                of.lag_seconds.set(lag.as_secs_f64());
            }
            Ok(Outcome::CaughtUp | Outcome::StillHalted) => {}
            Ok(Outcome::Halted(_)) => of.halts.increment(1),
            Ok(Outcome::Fenced) => of.fences.increment(1),
            Err(_) => of.database_errors.increment(1),
        }
    }

    /// Where everything stands, over all organisations.
    pub(crate) async fn progress(
        &self,
        pool: &PgPool,
        checkpoints: &[String],
    ) -> Result<(), sqlx::Error> {
        let rows = sqlx::query!(
            r#"select projection as "projection!", coalesce(sum(greatest(head - position, 0)), 0)::float8 as "behind!",
                  coalesce(sum(parked), 0)::float8 as "parked!", count(halted)::float8 as "halted!"
           from log.progress($1) group by projection"#,
            checkpoints,
        )
        .fetch_all(pool)
        .await?;
        for (name, of) in &self.0 {
            let row = rows.iter().find(|row| row.projection == *name);
            let (behind, parked, halted) =
                row.map_or((0.0, 0.0, 0.0), |row| (row.behind, row.parked, row.halted));
            of.lag_events.set(behind);
            of.parked.set(parked);
            of.halted.set(halted);
            if behind == 0.0 {
                of.lag_seconds.set(0.0);
            }
        }
        Ok(())
    }
}

fn describe() {
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
