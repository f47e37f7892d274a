//! When a team works, day by day, as a form has it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::form::{Fields, Form};
use crate::typed::Typed;

/// What can be said about a day.
pub(super) const MODES: [(&str, &str); 3] =
    [("usual", "as usual"), ("own", "at these hours"), ("closed", "not at all")];

/// One day of the week; 0 is Monday.
#[derive(Clone, Deserialize)]
pub(super) struct Day {
    #[serde(rename = "day_of_week")]
    pub(super) number: usize,
    start_time: String,
    end_time: String,
    is_closed: bool,
    is_usual: bool,
}

impl Day {
    pub(super) fn name(&self) -> &'static str {
        crate::settings::WEEK.get(self.number).copied().unwrap_or_default()
    }

    fn field(&self, part: &str) -> String {
        format!("{}_{part}", self.name())
    }

    /// As it stands.
    fn stands(&self, part: &str) -> &str {
        match part {
            "mode" if self.is_closed => "closed",
            "mode" if self.is_usual => "usual",
            "mode" => "own",
            _ if self.is_closed => "",
            "start" => &self.start_time,
            _ => &self.end_time,
        }
    }

    /// As `form` has it if it was sent, else as it stands.
    pub(super) fn value<'a>(&'a self, part: &str, form: &'a Form) -> &'a str {
        if form.name.is_empty() { self.stands(part) } else { form.value(&self.field(part)) }
    }

    pub(super) fn error(&self, form: &Form) -> Option<String> {
        form.error(&self.field("end"))
    }

    /// What the form changes about it: the day, and what the API takes.
    fn change(
        &self,
        team: &str,
        fields: &Fields,
        typed: &mut Typed<'_>,
    ) -> Option<(&'static str, Value)> {
        let said = |part: &str| fields.get(&self.field(part)).to_owned();
        let (mut mode, start, end) = (said("mode"), said("start"), said("end"));
        if mode == self.stands("mode") {
            if start == self.stands("start") && end == self.stands("end") {
                return None;
            }
            // Whoever writes other hours means them, whatever was chosen beside.
            "own".clone_into(&mut mode);
        }
        let mut body = json!({ "team_id": team, "day_of_week": self.number });
        let hours = match mode.as_str() {
            "own" => Some((start, end)),
            // Nobody works from a time to the same time.
            "closed" => Some(("00:00".to_owned(), "00:00".to_owned())),
            _ => None,
        };
        if let Some((start, end)) = hours {
            if mode == "own" && (start.is_empty() || end <= start) {
                typed.wrong(&self.field("end"), "Write when it begins, and a later end");
            }
            (body["start_time"], body["end_time"]) = (start.into(), end.into());
        }
        Some((self.name(), body))
    }
}

/// What the form changes, a day after the other.
pub(super) fn changes(
    team: &str,
    week: &[Day],
    fields: &Fields,
) -> Result<Vec<(&'static str, Value)>, Failure> {
    let mut typed = Typed::new(fields);
    let changes = week.iter().filter_map(|day| day.change(team, fields, &mut typed)).collect();
    typed.read(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: usize, is_closed: bool, is_usual: bool) -> Day {
        let (start_time, end_time) = ("09:00".to_owned(), "18:00".to_owned());
        Day { number, start_time, end_time, is_closed, is_usual }
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in pairs {
            fields.set(name, *value);
        }
        fields
    }

    #[test]
    fn only_days_that_become_others_are_sent() {
        let week = [
            day(0, false, true),
            day(5, true, false),
            day(6, false, false),
            day(1, false, true),
            day(2, false, true),
        ];
        let typed = fields(&[
            ("monday_mode", "usual"),
            ("monday_start", "09:00"),
            ("monday_end", "18:00"),
            ("saturday_mode", "own"),
            ("saturday_start", "10:00"),
            ("saturday_end", "14:00"),
            ("sunday_mode", "usual"),
            ("tuesday_mode", "closed"),
            ("wednesday_mode", "usual"),
            ("wednesday_start", "09:00"),
            ("wednesday_end", "15:00"),
        ]);
        let changes = changes("t", &week, &typed).unwrap();
        let changes: Vec<Value> = changes.into_iter().map(|(_, body)| body).collect();
        let said = json!([
            { "team_id": "t", "day_of_week": 5, "start_time": "10:00", "end_time": "14:00" },
            { "team_id": "t", "day_of_week": 6 },
            { "team_id": "t", "day_of_week": 1, "start_time": "00:00", "end_time": "00:00" },
            { "team_id": "t", "day_of_week": 2, "start_time": "09:00", "end_time": "15:00" },
        ]);
        assert_eq!(Value::from(changes), said);
    }

    #[test]
    fn hours_that_end_before_they_begin_are_told_at_their_day() {
        let early =
            fields(&[("monday_mode", "own"), ("monday_start", ""), ("monday_end", "12:00")]);
        let late =
            fields(&[("monday_mode", "own"), ("monday_start", "10:00"), ("monday_end", "09:00")]);
        for typed in [early, late] {
            let failure = changes("t", &[day(0, false, true)], &typed).unwrap_err();
            assert_eq!(failure.refusal().unwrap().errors[0].field, "monday_end");
        }
    }
}
