//! When an organisation is open.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::input::{Fields, Problems};

/// A day of the week, Monday first.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
    strum::VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "days need no explanation")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// The hours of one day, on the clock of the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Whether it is open at all.
    pub enabled: bool,
    /// The first minute it is open.
    #[serde(with = "clock")]
    pub start: NaiveTime,
    /// The first minute it is closed again.
    #[serde(with = "clock")]
    pub end: NaiveTime,
}

/// The hours of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BusinessHours(BTreeMap<Day, Hours>);

/// Monday to Friday 8 to 18, Saturday 9 to 17, closed on Sunday.
impl Default for BusinessHours {
    fn default() -> Self {
        let hours = |day: Day| {
            let (enabled, from, to) = match day {
                Day::Saturday => (true, 9, 17),
                Day::Sunday => (false, 9, 17),
                _ => (true, 8, 18),
            };
            (day, Hours { enabled, start: o_clock(from), end: o_clock(to) })
        };
        Self(Day::VARIANTS.iter().copied().map(hours).collect())
    }
}

impl BusinessHours {
    /// The hours of `day`.
    pub fn of(&self, day: Day) -> Option<&Hours> {
        self.0.get(&day)
    }

    /// Puts other hours in the place of those of `day`.
    pub fn set(&mut self, day: Day, hours: Hours) {
        self.0.insert(day, hours);
    }
}

impl Hours {
    /// Reads `{"enabled": true, "start": "08:00", "end": "18:00"}`, which stands at `path`.
    pub fn parse(json: &Value, path: &str) -> Result<Self, Problems> {
        let mut fields = Fields::of(json, path)?;
        let enabled = fields.required("enabled").map(Value::as_bool);
        if enabled == Some(None) {
            fields.problem("enabled", "Input should be a valid boolean");
        }
        let mut time = |name| {
            let read = fields.required(name)?.as_str().and_then(clock::parse);
            if read.is_none() {
                fields.problem(name, "Input should be a time of day like 08:00");
            }
            read
        };
        let (start, end) = (time("start"), time("end"));
        if let (Some(start), Some(end)) = (start, end)
            && start >= end
        {
            fields.problem("end", "Input should be later than start");
        }
        let problems = fields.finish();
        match (enabled.flatten(), start, end) {
            (Some(enabled), Some(start), Some(end)) => problems.or(Self { enabled, start, end }),
            _ => Err(problems),
        }
    }
}

fn o_clock(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default()
}

/// Times of day as `08:00`.
mod clock {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer};

    const SHAPE: &str = "%H:%M";

    /// Two digits, a colon, two digits.
    pub(super) fn parse(text: &str) -> Option<NaiveTime> {
        NaiveTime::parse_from_str(text, SHAPE).ok().filter(|_| text.len() == 5)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(time: &NaiveTime, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&time.format(SHAPE))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(from)?;
        NaiveTime::parse_from_str(&text, SHAPE).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_week_is_as_the_specification_has_it_until_somebody_decides() {
        let week = serde_json::to_value(BusinessHours::default()).unwrap();
        let day = |enabled, start, end| json!({ "enabled": enabled, "start": start, "end": end });
        for name in ["monday", "tuesday", "wednesday", "thursday", "friday"] {
            assert_eq!(week[name], day(true, "08:00", "18:00"));
        }
        assert_eq!(week["saturday"], day(true, "09:00", "17:00"));
        assert_eq!(week["sunday"]["enabled"], false);
        assert_eq!(
            serde_json::from_value::<BusinessHours>(week).unwrap(),
            BusinessHours::default()
        );
    }

    #[test]
    fn hours_that_cannot_be_are_refused_by_name() {
        let fields = |json: Value| {
            let problems = Hours::parse(&json, "business_hours.monday").unwrap_err();
            let names = problems.as_slice().iter().map(|one| one.field.clone());
            names.collect::<Vec<_>>().join(" ").replace("business_hours.monday.", "")
        };
        let hours = |start: &str, end: &str| json!({ "enabled": true, "start": start, "end": end });
        for (start, end, wrong) in [
            ("8:00", "18:00", "start"),
            ("08:00", "24:00", "end"),
            ("08:00", "08:00", "end"),
            ("18:00", "08:00", "end"),
            ("08:60", "evening", "start end"),
        ] {
            assert_eq!(fields(hours(start, end)), wrong, "{start} {end}");
        }
        assert_eq!(fields(json!({ "enabled": 1, "start": "08:00", "end": "09:00" })), "enabled");
        assert_eq!(fields(json!({})), "enabled start end");
        assert!(Hours::parse(&hours("00:00", "23:59"), "x").is_ok());
    }
}
