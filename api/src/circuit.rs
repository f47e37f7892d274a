//! Leaves a server alone that cannot be reached: after several failures in a row nobody tries for a while, then one attempt
//! finds out whether it is back.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use metrics::Gauge;

/// As the gauge tells them.
const CLOSED: f64 = 0.0;
const HALF_OPEN: f64 = 0.5;
const OPEN: f64 = 1.0;
const UNKNOWN: f64 = -1.0;

/// What is known of one server.
pub struct Circuit {
    name: &'static str,
    /// Failures in a row.
    threshold: u32,
    /// How long it is left alone.
    recovery: TimeDelta,
    state: Mutex<State>,
    gauge: Gauge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It answers, as far as is known.
    Closed { failures: u32 },
    /// Nobody tries before then.
    Open { until: DateTime<Utc> },
    /// One attempt is on its way. If nothing is heard of it by then, another may be made.
    HalfOpen { until: DateTime<Utc> },
}

/// Starts the gauge of a server that nobody asks for anything.
pub fn unused(name: &'static str) {
    gauge(name).set(UNKNOWN);
}

fn gauge(name: &'static str) -> Gauge {
    metrics::describe_gauge!(
        "circuit_state",
        "Whether a server is left alone: 0 no, 0.5 it is tried out, 1 yes, -1 it is not used."
    );
    metrics::gauge!("circuit_state", "circuit" => name)
}

impl std::fmt::Debug for Circuit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Circuit({})", self.name)
    }
}

impl Circuit {
    /// Closed; nothing has been heard of it.
    pub fn new(name: &'static str, threshold: u32, recovery: TimeDelta) -> Self {
        let gauge = gauge(name);
        gauge.set(CLOSED);
        let state = Mutex::new(State::Closed { failures: 0 });
        Self { name, threshold, recovery, state, gauge }
    }

    /// Lets an attempt through, which must be followed by [`Self::answered`] or [`Self::failed`]; else says until when
    /// there is no use in one.
    pub fn admit(&self, now: DateTime<Utc>) -> Result<(), DateTime<Utc>> {
        self.change(|state| match *state {
            State::Closed { .. } => Ok(()),
            // A clock that was set back must not close it for longer than was meant.
            State::Open { until } | State::HalfOpen { until }
                if now < until && until - now <= self.recovery =>
            {
                Err(until)
            }
            State::Open { .. } | State::HalfOpen { .. } => {
                *state = State::HalfOpen { until: now + self.recovery };
                Ok(())
            }
        })
    }

    /// The server said something, were it a refusal.
    pub fn answered(&self) {
        let before = self.change(|state| std::mem::replace(state, State::Closed { failures: 0 }));
        if !matches!(before, State::Closed { .. }) {
            tracing::info!(circuit = self.name, "a server answers again");
        }
    }

    /// Nothing was heard of it.
    pub fn failed(&self, now: DateTime<Utc>) {
        let opens = self.change(|state| {
            let failures = match *state {
                State::Closed { failures } => failures.saturating_add(1),
                State::Open { .. } | State::HalfOpen { .. } => self.threshold,
            };
            let before = *state;
            *state = if failures < self.threshold {
                State::Closed { failures }
            } else {
                State::Open { until: now + self.recovery }
            };
            matches!((before, *state), (State::Closed { .. }, State::Open { .. }))
        });
        if opens {
            tracing::warn!(circuit = self.name, "a server cannot be reached and is left alone");
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut state);
        self.gauge.set(match *state {
            State::Closed { .. } => CLOSED,
            State::HalfOpen { .. } => HALF_OPEN,
            State::Open { .. } => OPEN,
        });
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// Open since 0 s.
    fn open() -> Circuit {
        let circuit = Circuit::new("test", 3, TimeDelta::seconds(30));
        for _ in 0..3 {
            assert_eq!(circuit.admit(at(0)), Ok(()));
            circuit.failed(at(0));
        }
        circuit
    }

    #[test]
    fn so_many_failures_in_a_row_open_it_and_one_answer_between_them_does_not() {
        let circuit = Circuit::new("test", 3, TimeDelta::seconds(30));
        for _ in 0..2 {
            circuit.failed(at(0));
            circuit.failed(at(0));
            assert_eq!(circuit.admit(at(0)), Ok(()));
            circuit.answered();
        }
        let circuit = open();
        assert_eq!(circuit.admit(at(1)), Err(at(30)));
        assert_eq!(circuit.admit(at(29)), Err(at(30)));
    }

    #[test]
    fn one_attempt_tries_it_out_and_its_end_decides() {
        let circuit = open();
        assert_eq!(circuit.admit(at(30)), Ok(()));
        assert_eq!(circuit.admit(at(31)), Err(at(60)));
        circuit.failed(at(35));
        assert_eq!(circuit.admit(at(36)), Err(at(65)));
        assert_eq!(circuit.admit(at(65)), Ok(()));
        circuit.answered();
        assert_eq!((circuit.admit(at(66)), circuit.admit(at(66))), (Ok(()), Ok(())));
    }

    #[test]
    fn an_attempt_of_which_nothing_is_heard_does_not_keep_it_half_open_for_ever() {
        let circuit = open();
        assert_eq!(circuit.admit(at(30)), Ok(()));
        assert_eq!(circuit.admit(at(60)), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_keep_it_open() {
        assert_eq!(open().admit(at(-3600)), Ok(()));
    }
}
