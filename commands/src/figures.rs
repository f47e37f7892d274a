//! Figures about commands and appended events. Their labels are known only when the first of a kind comes; from then on
//! the handles are held, and counting looks up two short names.

use std::collections::HashMap;
use std::fmt::{self, Debug, Write};
use std::sync::{Arc, PoisonError, RwLock};

use cqrs_es::Aggregate;
use domain::scheduling::booking::{Booking, BookingEvent};
use metrics::{Counter, Histogram};
use strum::VariantNames;

/// How a command may end.
pub(crate) const OUTCOMES: [&str; 5] = ["ok", "replayed", "rejected", "conflict", "error"];

/// Longer than the name of any command; the rest of a longer one is left out.
const LONGEST: usize = 48;

/// By aggregate and command.
type Known = HashMap<&'static str, HashMap<String, Arc<OfCommand>>>;

/// The figures of a bus.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Arc<RwLock<Known>>);

/// The figures of one command.
pub(crate) struct OfCommand {
    /// As labels are written.
    pub(crate) name: String,
    ended: [Counter; OUTCOMES.len()],
    /// From the call to the answer.
    pub(crate) took: Histogram,
    /// Times it was decided again because others were faster.
    pub(crate) retries: Counter,
}

impl Debug for OfCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfCommand(..)")
    }
}

impl Figures {
    /// Of one command on an aggregate: which variant of its type it is, nothing of what it holds.
    pub(crate) fn of(&self, aggregate: &'static str, command: &impl Debug) -> Arc<OfCommand> {
        let mut name = Name::default();
        // It stops at the end of the name.
        let _ = write!(name, "{command:?}");
        let name = name.as_str();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(aggregate).and_then(|commands| commands.get(name)) {
            return Arc::clone(found);
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let commands = known.entry(aggregate).or_default();
        let made = || Arc::new(OfCommand::new(aggregate, &snake(name)));
        Arc::clone(commands.entry(name.to_owned()).or_insert_with(made))
    }
}

impl OfCommand {
    fn new(aggregate: &'static str, command: &str) -> Self {
        let name = command.to_owned();
        let ended = OUTCOMES.map(|outcome| {
            let counter = metrics::counter!(
                "es_commands_total",
                "aggregate" => aggregate, "command" => command.to_owned(), "outcome" => outcome
            );
            counter.absolute(0);
            counter
        });
        let took = metrics::histogram!(
            "es_command_duration_seconds",
            "aggregate" => aggregate, "command" => command.to_owned()
        );
        let retries = metrics::counter!("es_concurrency_retries_total", "aggregate" => aggregate);
        Self { name, ended, took, retries }
    }

    /// Counts one that ended like this; `outcome` is one of [`OUTCOMES`].
    pub(crate) fn ended(&self, outcome: &str) {
        let ended = OUTCOMES.iter().zip(&self.ended).find(|(known, _)| **known == outcome);
        if let Some((_, counter)) = ended {
            counter.increment(1);
        }
    }
}

/// The beginning of a text up to the first character that no name has.
struct Name {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Default for Name {
    fn default() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }
}

impl Name {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl Write for Name {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let is_of_a_name = byte.is_ascii_alphanumeric() || byte == b'_';
            if !is_of_a_name || self.length == LONGEST {
                return Err(fmt::Error);
            }
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        Ok(())
    }
}

/// `SetStatus` as labels are written, `set_status`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// What a lane measures.
pub(crate) struct OfLane {
    pub(crate) batch_commands: Histogram,
    pub(crate) batch_seconds: Histogram,
    pub(crate) split_batches: Counter,
    /// By aggregate and event.
    appended: HashMap<&'static str, HashMap<String, Counter>>,
    /// By event; what dashboards of older installations know bookings by.
    bookings: HashMap<&'static str, Counter>,
}

impl OfLane {
    pub(crate) fn start() -> Self {
        describe();
        let bookings = BookingEvent::VARIANTS.iter().map(|event| {
            let action = if *event == "requested" { "created" } else { event };
            let counter = metrics::counter!("bookings_total", "action" => action);
            counter.absolute(0);
            (*event, counter)
        });
        let split_batches = metrics::counter!("append_split_batches_total");
        split_batches.absolute(0);
        Self {
            batch_commands: metrics::histogram!("append_batch_commands"),
            batch_seconds: metrics::histogram!("append_batch_seconds"),
            split_batches,
            appended: HashMap::new(),
            bookings: bookings.collect(),
        }
    }

    /// Counts an event that is in the log now.
    pub(crate) fn appended(&mut self, aggregate: &'static str, event: &str) {
        if aggregate == Booking::TYPE
            && let Some(counter) = self.bookings.get(event)
        {
            counter.increment(1);
        }
        let events = self.appended.entry(aggregate).or_default();
        if let Some(counter) = events.get(event) {
            return counter.increment(1);
        }
        let counter = metrics::counter!(
            "es_events_appended_total",
            "aggregate" => aggregate, "event" => event.to_owned()
        );
        counter.increment(1);
        events.insert(event.to_owned(), counter);
    }
}

fn describe() {
    metrics::describe_counter!("es_commands_total", "Commands, by how they ended.");
    metrics::describe_histogram!(
        "es_command_duration_seconds",
        metrics::Unit::Seconds,
        "From the call of a command to its answer."
    );
    metrics::describe_counter!("bookings_total", "What happened to bookings.");
    metrics::describe_counter!("es_events_appended_total", "Events that were written to the log.");
    metrics::describe_counter!(
        "es_concurrency_retries_total",
        "Commands decided again because others were faster."
    );
    metrics::describe_gauge!("append_queue_depth", "Decisions that wait to be written.");
    metrics::describe_histogram!("append_batch_commands", "Commands written together.");
    metrics::describe_histogram!(
        "append_batch_seconds",
        metrics::Unit::Seconds,
        "Time of one write to the log."
    );
    metrics::describe_counter!(
        "append_split_batches_total",
        "Batches written one by one because one command in them could not be."
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "only their names are looked at")]
    enum Ask {
        SetStatus { to: &'static str },
        Note(&'static str),
        Close,
    }

    fn name(ask: &Ask) -> String {
        let mut name = Name::default();
        let _ = write!(name, "{ask:?}");
        snake(name.as_str())
    }

    #[test]
    fn a_command_is_called_by_its_variant_and_nothing_of_what_it_holds() {
        assert_eq!(name(&Ask::SetStatus { to: "dana" }), "set_status");
        assert_eq!(name(&Ask::Note("dana")), "note");
        assert_eq!(name(&Ask::Close), "close");
    }

    #[test]
    fn the_same_command_finds_the_same_figures() {
        let figures = Figures::default();
        let first = figures.of("lead", &Ask::Note("one"));
        assert!(Arc::ptr_eq(&first, &figures.of("lead", &Ask::Note("two"))));
        assert!(!Arc::ptr_eq(&first, &figures.of("booking", &Ask::Note("one"))));
        assert!(!Arc::ptr_eq(&first, &figures.of("lead", &Ask::Close)));
        first.ended("ok");
    }
}
