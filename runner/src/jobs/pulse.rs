//! Signs of life of the jobs: kept in memory, written every few seconds by a task of its own, so that a slow job does not
//! look like a dead process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use metrics::{Counter, Histogram};
use projections::engine::describe;
use projections::heartbeats::RUNNER;
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

/// How often they are written.
const EVERY: Duration = Duration::from_secs(15);

/// A job that has not been heard of for three passes of a minute stands still.
const STILL: TimeDelta = TimeDelta::seconds(180);

/// A job that failed this often in a row takes the process with it: it says that it is not well.
const FAILURES: i32 = 3;

/// Longest error that is kept, in characters.
const LONGEST: usize = 128;

/// The jobs of one process.
pub struct Pulse {
    runner: String,
    clock: api::Clock,
    beats: Mutex<BTreeMap<&'static str, Beat>>,
    /// News that should not wait for the next beat.
    news: Notify,
}

#[derive(Clone)]
struct Beat {
    seen: DateTime<Utc>,
    success: Option<DateTime<Utc>>,
    failures: i32,
    error: Option<(String, DateTime<Utc>)>,
    figures: Figures,
}

/// What is counted about one job.
#[derive(Clone)]
struct Figures {
    took: Histogram,
    database_errors: Counter,
    other_errors: Counter,
}

impl Figures {
    fn of(job: &'static str) -> Self {
        let errors = |reason: &'static str| {
            let errors =
                metrics::counter!("job_errors_total", "job_name" => job, "reason" => reason);
            errors.absolute(0);
            errors
        };
        Self {
            took: metrics::histogram!("job_duration_seconds", "job_name" => job),
            database_errors: errors("database"),
            other_errors: errors("other"),
        }
    }
}

impl Pulse {
    /// Of the process that calls itself `runner`.
    pub fn new(runner: String, clock: api::Clock) -> Self {
        metrics::describe_counter!("job_errors_total", "Passes of a job that failed.");
        metrics::describe_histogram!(
            "job_duration_seconds",
            metrics::Unit::Seconds,
            "Time of a pass of a job."
        );
        Self { runner, clock, beats: Mutex::default(), news: Notify::new() }
    }

    /// Who runs the jobs.
    pub fn runner(&self) -> &str {
        &self.runner
    }

    /// The job is at work, in a pass that takes its time.
    pub fn alive(&self, job: &'static str) {
        self.touch(job, |_, _| {});
    }

    /// A pass of the job came to this end; only the database can fail it.
    pub fn ended(&self, job: &'static str, pass: Result<(), &str>) {
        self.end(job, pass, true);
    }

    fn end(&self, job: &'static str, pass: Result<(), &str>, is_database: bool) {
        self.touch(job, |beat, now| match pass {
            Ok(()) => {
                beat.success = Some(now);
                beat.failures = 0;
                beat.error = None;
            }
            Err(why) => {
                beat.failures = beat.failures.saturating_add(1);
                let Figures { database_errors, other_errors, .. } = &beat.figures;
                if is_database { database_errors } else { other_errors }.increment(1);
                beat.error = Some((why.chars().take(LONGEST).collect(), now));
            }
        });
    }

    /// Runs one pass of the job and tells how it ended; what its error quotes is told nobody.
    pub async fn pass<T>(
        &self,
        job: &'static str,
        pass: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let span = tracing::error_span!(
            "job.run",
            job,
            request_id = %format_args!("job-{job}-{}", Uuid::now_v7().simple()),
            job.name = job,
            error.type = Empty,
        );
        let started = Instant::now();
        let passed = pass.instrument(span.clone()).await;
        match &passed {
            Ok(_) => self.end(job, Ok(()), false),
            Err(error) => {
                let (why, is_database) = class(error);
                span.record("error.type", if is_database { "database" } else { "other" });
                self.end(job, Err(&why), is_database);
            }
        }
        let took = started.elapsed();
        self.touch(job, |beat, _| beat.figures.took.record(took));
        passed
    }

    /// Sets the gauges: when each job was heard of, and whether that is lately.
    pub fn measure(&self) {
        let now = (self.clock)();
        let beats: Vec<(&str, Beat)> =
            self.lock().iter().map(|(name, beat)| (*name, beat.clone())).collect();
        let success = beats.iter().filter_map(|(_, beat)| beat.success).max();
        gauges(RUNNER, now, (now, success));
        for (name, beat) in &beats {
            gauges(name, now, (beat.seen, beat.success));
        }
    }

    fn touch(&self, job: &'static str, change: impl FnOnce(&mut Beat, DateTime<Utc>)) {
        let now = (self.clock)();
        let figures = || Figures::of(job);
        let fresh =
            || Beat { seen: now, success: None, failures: 0, error: None, figures: figures() };
        let well = |beat: &Beat| beat.success.is_some() && beat.failures == 0;
        let mut beats = self.lock();
        let beat = beats.entry(job).or_insert_with(fresh);
        let before = well(beat);
        beat.seen = now;
        change(beat, now);
        if before != well(beat) {
            self.news.notify_one();
        }
    }

    /// Whether every job moves, and what is known about each.
    pub fn report(&self) -> (bool, Value) {
        let now = (self.clock)();
        let beats = self.lock();
        let moves = beats.values().all(|beat| now - beat.seen <= STILL);
        let jobs: Map<String, Value> = beats
            .iter()
            .map(|(name, beat)| {
                let told = json!({
                    "last_success_at": beat.success,
                    "consecutive_failures": beat.failures,
                });
                ((*name).to_owned(), told)
            })
            .collect();
        let last = beats.values().map(|beat| beat.seen).min();
        (moves, json!({ "runner_id": self.runner, "last_loop_at": last, "jobs": jobs }))
    }

    /// Writes them every few seconds, and when a job turns well or ill, until `stop`.
    pub async fn run(&self, db: &PgPool, stop: CancellationToken) {
        loop {
            if let Err(error) = self.write(db).await {
                tracing::warn!(error = describe(&error), "job heartbeats not written");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.news.notified() => {}
                () = sleep(EVERY) => {}
            }
        }
    }

    /// Writes them once. The process is well as long as no job has failed too often.
    pub async fn write(&self, db: &PgPool) -> Result<(), sqlx::Error> {
        let beats: Vec<(&str, Beat)> =
            self.lock().iter().map(|(name, beat)| (*name, beat.clone())).collect();
        let worst = beats.iter().filter(|(_, beat)| beat.failures > FAILURES);
        let worst: Vec<&str> = worst.map(|(name, _)| *name).collect();
        let now = (self.clock)();
        let own = Beat {
            seen: now,
            success: worst.is_empty().then_some(now),
            failures: i32::from(!worst.is_empty()),
            error: (!worst.is_empty()).then(|| (worst.join(", "), now)),
            figures: Figures::of(RUNNER),
        };
        let all: Vec<(&str, Beat)> = beats.into_iter().chain([(RUNNER, own)]).collect();
        let error = |beat: &Beat| beat.error.clone();
        sqlx::query!(
            "insert into job_heartbeats as h (name, runner_id, last_heartbeat, last_success_at, consecutive_failures,
                                              last_error, last_error_at)
             select b.name, left($1, 128), b.seen, b.success, b.failures, left(b.error, 128), b.error_at
             from unnest($2::text[], $3::timestamptz[], $4::timestamptz[], $5::integer[], $6::text[], $7::timestamptz[])
                  b (name, seen, success, failures, error, error_at)
             order by b.name
             on conflict (name) do update
             set runner_id = excluded.runner_id, last_heartbeat = excluded.last_heartbeat,
                 last_success_at = coalesce(excluded.last_success_at, h.last_success_at),
                 consecutive_failures = excluded.consecutive_failures, last_error = excluded.last_error,
                 last_error_at = excluded.last_error_at",
            self.runner,
            &all.iter().map(|(name, _)| *name).collect::<Vec<_>>() as &[&str],
            &all.iter().map(|(_, beat)| beat.seen).collect::<Vec<_>>(),
            &all.iter().map(|(_, beat)| beat.success).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
            &all.iter().map(|(_, beat)| beat.failures).collect::<Vec<_>>(),
            &all.iter().map(|(_, beat)| error(beat).map(|(why, _)| why)).collect::<Vec<_>>() as &[Option<String>],
            &all.iter().map(|(_, beat)| error(beat).map(|(_, at)| at)).collect::<Vec<_>>()
                as &[Option<DateTime<Utc>>],
        )
        .execute(db)
        .await?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Beat>> {
        // A panic while it is held cannot leave half a change behind.
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
fn gauges(job: &str, now: DateTime<Utc>, (seen, success): (DateTime<Utc>, Option<DateTime<Utc>>)) {
    let name = || job.to_owned();
    let age = (now - seen).as_seconds_f64().max(0.0);
    let up = f64::from(u8::from(now - seen <= STILL));
    metrics::gauge!("job_runner_up", "job_name" => name()).set(up);
    metrics::gauge!("job_last_heartbeat_timestamp", "job_name" => name())
        .set(seen.timestamp() as f64);
    metrics::gauge!("job_heartbeat_age_seconds", "job_name" => name()).set(age);
    let success = success.map_or(0.0, |at| at.timestamp() as f64);
    metrics::gauge!("job_last_success_timestamp", "job_name" => name()).set(success);
}

/// What failed, without anything that may quote a value, and whether that is the database.
fn class(error: &anyhow::Error) -> (String, bool) {
    let database = error.chain().find_map(|cause| cause.downcast_ref::<sqlx::Error>());
    let why = database.map_or_else(|| error.to_string(), describe);
    (why, database.is_some())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn pulse(seconds: &Arc<AtomicI64>) -> Pulse {
        let seconds = Arc::clone(seconds);
        let clock =
            move || DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds.load(Ordering::SeqCst));
        Pulse::new("one".to_owned(), Arc::new(clock))
    }

    #[test]
    fn a_job_that_is_not_heard_of_for_three_minutes_stands_still() {
        let seconds = Arc::new(AtomicI64::new(0));
        let pulse = pulse(&seconds);
        pulse.ended("timers", Ok(()));
        pulse.ended("outbox-delivery", Err("08006"));
        seconds.store(180, Ordering::SeqCst);
        assert!(pulse.report().0);
        pulse.alive("timers");
        seconds.store(181, Ordering::SeqCst);
        let (moves, told) = pulse.report();
        assert!(!moves);
        assert_eq!(told["last_loop_at"], "1970-01-01T00:00:00Z");
        assert_eq!(told["jobs"]["outbox-delivery"]["consecutive_failures"], 1);
    }

    #[test]
    fn a_success_ends_a_row_of_failures() {
        let pulse = pulse(&Arc::default());
        pulse.ended("timers", Err("a"));
        pulse.ended("timers", Err("b"));
        assert_eq!(pulse.report().1["jobs"]["timers"]["consecutive_failures"], 2);
        pulse.ended("timers", Ok(()));
        assert_eq!(pulse.report().1["jobs"]["timers"]["consecutive_failures"], 0);
    }

    #[test]
    fn an_error_of_the_database_is_told_by_its_kind_only() {
        let error = anyhow::Error::from(sqlx::Error::Decode("Zoë".into())).context("Ann");
        let (why, is_database) = class(&error);
        assert!(is_database && !why.contains("Zoë") && !why.contains("Ann"), "{why}");
    }
}
