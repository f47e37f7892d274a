//! The facts behind the figures of a report: what was counted, on which day, for how much, and which event says so.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::asked::How;
use crate::problem::Problem;

/// A fact that was counted.
pub(super) struct Fact<'a> {
    /// In which figure.
    pub(super) figure: &'static str,
    /// How much it adds to it.
    pub(super) value: i64,
    /// What tells its row from others.
    pub(super) row: Value,
    /// What it is about.
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
    pub(super) day: NaiveDate,
    pub(super) at: DateTime<Utc>,
    /// The event that says so.
    pub(super) position: i64,
}

/// Collects them, if anybody wants them: one page, in the order of the log. Facts of one event stay together.
pub(super) struct Explain {
    wanted: Option<(i64, usize)>,
    facts: Vec<(i64, Value)>,
    has_more: bool,
}

impl Explain {
    pub(super) fn asked(how: &How) -> Result<Self, Problem> {
        Ok(Self { wanted: how.facts()?, facts: Vec::new(), has_more: false })
    }

    /// Whether it is worth while to describe a fact.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    pub(super) fn say(&mut self, fact: &Fact<'_>) {
        let Some((after, limit)) = self.wanted else { return };
        if fact.position <= after || fact.value == 0 {
            return;
        }
        let shown = json!({
            "figure": fact.figure, "value": fact.value, "row": fact.row, "type": fact.kind, "id": fact.id, "day": fact.day,
            "at": fact.at, "position": fact.position,
        });
        self.facts.push((fact.position, shown));
        // However many there are, few are kept at a time.
        if self.facts.len() > limit * 8 {
            self.cut(limit);
        }
    }

    /// Keeps the first `limit`, and whatever else the last of their events said.
    fn cut(&mut self, limit: usize) {
        self.facts.sort_by_key(|(position, _)| *position);
        let Some(last) = self.facts.get(limit.saturating_sub(1)).map(|(position, _)| *position)
        else {
            return;
        };
        let before = self.facts.len();
        self.facts.retain(|(position, _)| *position <= last);
        self.has_more |= self.facts.len() < before;
    }

    /// The page, if one was asked for.
    pub(super) fn shown(mut self) -> Option<Value> {
        let (_, limit) = self.wanted?;
        self.cut(limit);
        self.facts.sort_by_key(|(position, _)| *position);
        let next = self.facts.last().filter(|_| self.has_more).map(|(position, _)| *position);
        let items: Vec<Value> = self.facts.into_iter().map(|(_, fact)| fact).collect();
        Some(json!({ "items": items, "next_after": next }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(after: i64, positions: &[i64]) -> (Vec<i64>, Option<i64>) {
        let wanted = Some((after, 2));
        let mut explain = Explain { wanted, facts: Vec::new(), has_more: false };
        for position in positions {
            explain.say(&Fact {
                figure: "visits",
                value: 1,
                row: Value::Null,
                kind: "booking",
                id: "1",
                day: NaiveDate::MIN,
                at: DateTime::UNIX_EPOCH,
                position: *position,
            });
        }
        let shown = explain.shown().unwrap();
        let items = shown["items"].as_array().unwrap().iter();
        let items = items.map(|item| item["position"].as_i64().unwrap()).collect();
        (items, shown["next_after"].as_i64())
    }

    #[test]
    fn pages_follow_the_log_whatever_order_facts_are_found_in() {
        let all: Vec<i64> = (1..=40).rev().collect();
        assert_eq!(page(0, &all), (vec![1, 2], Some(2)));
        assert_eq!(page(2, &all), (vec![3, 4], Some(4)));
        assert_eq!(page(38, &all), (vec![39, 40], None));
        assert_eq!(page(0, &[]), (vec![], None));
    }

    #[test]
    fn what_one_event_says_is_not_torn_apart() {
        assert_eq!(page(0, &[1, 5, 2, 5, 5, 2]), (vec![1, 2, 2], Some(2)));
        assert_eq!(page(2, &[1, 5, 2, 5, 5, 2]), (vec![5, 5, 5], None));
    }
}
