//! Reading untrusted JSON field by field, so that one answer names everything that is wrong with it.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Number, Value};

/// One unusable field. The message never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// Dotted path, for example `structured_inputs.beds`.
    pub field: String,
    /// What would be accepted.
    pub message: String,
}

/// Everything that is wrong with one input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(transparent)]
#[error("the input has unusable values")]
pub struct Problems(Vec<FieldProblem>);

impl Problems {
    /// A single problem.
    pub fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.push(field, message);
        problems
    }

    /// Adds one.
    pub fn push(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldProblem { field: field.into(), message: message.into() });
    }

    /// Adds those of another part of the input.
    pub fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The value of `result`; its problems are kept.
    pub fn take<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        result.map_err(|problems| self.absorb(problems)).ok()
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order in which they were found.
    pub fn as_slice(&self) -> &[FieldProblem] {
        &self.0
    }

    /// `value` if nothing is wrong.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// One line, trimmed: its length in characters is in `length`, it holds no control characters, and unless it is empty
/// there is something to see.
pub fn text(field: &str, raw: &str, length: RangeInclusive<usize>) -> Result<String, Problems> {
    checked(field, raw.trim().to_owned(), length, &[])
}

/// As [`text`], in as many lines as wanted.
pub fn free_text(
    field: &str,
    raw: &str,
    length: RangeInclusive<usize>,
) -> Result<String, Problems> {
    // Forms send lines as telegraphs did.
    checked(field, raw.trim().replace("\r\n", "\n"), length, &['\n'])
}

fn checked(
    field: &str,
    trimmed: String,
    length: RangeInclusive<usize>,
    permitted: &[char],
) -> Result<String, Problems> {
    if trimmed.contains('\0') {
        return Err(Problems::one(field, "NUL characters are not permitted"));
    }
    if trimmed.contains(|c: char| c.is_control() && !permitted.contains(&c)) {
        return Err(Problems::one(field, "Control characters are not permitted"));
    }
    if !trimmed.is_empty() && !trimmed.contains(is_visible) {
        return Err(Problems::one(field, "String should have a visible character"));
    }
    let count = trimmed.chars().count();
    if count < *length.start() {
        let least = length.start();
        let message = format!("String should have at least {least} {}", characters(*least));
        return Err(Problems::one(field, message));
    }
    if count > *length.end() {
        let most = length.end();
        let message = format!("String should have at most {most} {}", characters(*most));
        return Err(Problems::one(field, message));
    }
    Ok(trimmed)
}

/// Whether there is something to see: neither space nor one of the characters that only act on others or leave nothing.
fn is_visible(c: char) -> bool {
    let hidden = matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    );
    !c.is_whitespace() && !c.is_control() && !hidden
}

const fn characters(count: usize) -> &'static str {
    if count == 1 { "character" } else { "characters" }
}

/// An address as it is looked up by: trimmed, lower case; `None` if it is none.
pub fn address(raw: &str) -> Option<String> {
    let address = raw.trim().to_lowercase();
    let (name, host) = address.split_once('@')?;
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '@';
    let fits =
        !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
    (fits && address.len() <= 254 && name.chars().all(plain) && host.chars().all(plain))
        .then_some(address)
}

/// A phone number as it is looked up by: `+` and the digits of its country and subscriber; `None` if it is none.
///
/// Ten digits without a country are taken for North American ones, where the organisations are.
pub fn phone(raw: &str) -> Option<String> {
    let raw = raw.trim();
    if !raw.chars().all(|c| c.is_ascii_digit() || " +-.()/".contains(c)) {
        return None;
    }
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    let digits = match (raw.starts_with('+'), digits.strip_prefix("00")) {
        (false, Some(international)) => international.to_owned(),
        (false, None) if digits.len() == 10 => format!("1{digits}"),
        _ => digits,
    };
    // Source of the upper limit: ITU-T E.164.
    (7..=15).contains(&digits.len()).then(|| format!("+{digits}"))
}

/// Whether a key or a string anywhere in `json` holds a NUL.
pub fn has_nul(json: &Value) -> bool {
    match json {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| key.contains('\0') || has_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A number of at least 0 in hundredths, exact to the digits that were sent; a finer rest counts as one more.
pub fn hundredths_up(number: &Number) -> Option<i64> {
    let (whole, cents, rest) = decimal(number)?;
    whole.checked_mul(100)?.checked_add(cents + i64::from(rest > 0))
}

/// A number of at least 0 with at most so many decimals, in units of its last one: 0.25 with 3 is 250.
pub fn decimals(number: &Number, places: usize) -> Option<i64> {
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > places || whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

/// A number of at least 0 in hundredths, half up.
pub fn hundredths(number: &Number) -> Option<i64> {
    let (whole, cents, rest) = decimal(number)?;
    whole.checked_mul(100)?.checked_add(cents + i64::from(rest >= 5))
}

/// Whole part, hundredths, and the third digit (at least 1 if anything follows). Read from the decimal text, because
/// the nearest binary fraction of 1.1 times 100 is more than 110.
fn decimal(number: &Number) -> Option<(i64, i64, u8)> {
    let text = number.to_string();
    if text.starts_with('-') && number.as_f64() != Some(0.0) {
        return None;
    }
    let text = text.trim_start_matches('-');
    if let Some((_, exponent)) = text.split_once(['e', 'E']) {
        // Written with an exponent only when below a hundred-thousandth or far above every limit.
        return exponent.starts_with('-').then_some((0, 0, 1));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut digits = fraction.bytes().map(|digit| digit - b'0');
    let cents = i64::from(digits.next().unwrap_or(0)) * 10 + i64::from(digits.next().unwrap_or(0));
    let third = digits.next().unwrap_or(0);
    let rest = third.max(u8::from(digits.any(|digit| digit > 0)));
    Some((whole.parse().ok()?, cents, rest))
}

/// An object being read; [`Fields::finish`] also names every field that nobody asked for.
#[derive(Debug)]
pub struct Fields<'a> {
    path: String,
    json: &'a Map<String, Value>,
    known: Vec<&'a str>,
    /// What was wrong so far.
    pub problems: Problems,
}

impl<'a> Fields<'a> {
    /// Starts reading `json`, which stands at `path` (empty for the whole input).
    pub fn of(json: &'a Value, path: &str) -> Result<Self, Problems> {
        let Some(json) = json.as_object() else {
            let field = if path.is_empty() { "body" } else { path };
            return Err(Problems::one(field, "Input should be an object"));
        };
        Ok(Self { path: path.to_owned(), json, known: Vec::new(), problems: Problems::default() })
    }

    /// The dotted path of a field of this object.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The value, also if it is null; its absence is a problem.
    pub fn required(&mut self, name: &'a str) -> Option<&'a Value> {
        self.known.push(name);
        let value = self.json.get(name);
        if value.is_none() {
            self.problem(name, "Field required");
        }
        value
    }

    /// The value, unless it is absent or null.
    pub fn optional(&mut self, name: &'a str) -> Option<&'a Value> {
        self.known.push(name);
        self.json.get(name).filter(|value| !value.is_null())
    }

    /// The value if it was sent at all, null included: where null means something else than nothing.
    pub fn sent(&mut self, name: &'a str) -> Option<&'a Value> {
        self.known.push(name);
        self.json.get(name)
    }

    /// Remembers that `name` is unusable.
    pub fn problem(&mut self, name: &str, message: &str) {
        self.problems.push(self.path(name), message);
    }

    /// A text of 1 to `max` characters.
    pub fn required_text(&mut self, name: &'a str, max: usize) -> Option<String> {
        let value = self.required(name)?;
        self.string(name, value, 1..=max)
    }

    /// A text of at most `max` characters; blank counts as absent, because forms send empty fields.
    pub fn text(&mut self, name: &'a str, max: usize) -> Option<String> {
        let value = self.optional(name)?;
        self.string(name, value, 0..=max).filter(|text| !text.is_empty())
    }

    /// As [`Self::required_text`], in as many lines as wanted.
    pub fn required_free_text(&mut self, name: &'a str, max: usize) -> Option<String> {
        let value = self.required(name)?;
        self.lines(name, value, 1..=max)
    }

    /// As [`Self::text`], in as many lines as wanted.
    pub fn free_text(&mut self, name: &'a str, max: usize) -> Option<String> {
        let value = self.optional(name)?;
        self.lines(name, value, 0..=max).filter(|text| !text.is_empty())
    }

    /// True or false; false if absent.
    pub fn flag(&mut self, name: &'a str) -> bool {
        let Some(value) = self.optional(name) else { return false };
        value.as_bool().unwrap_or_else(|| {
            self.problem(name, "Input should be a valid boolean");
            false
        })
    }

    /// A whole number from 0 to `max`; 0 if absent.
    pub fn count(&mut self, name: &'a str, max: u16) -> u16 {
        self.optional(name).map_or(0, |value| self.whole(name, value, max))
    }

    /// A whole number from 0 to `max`, which must be there.
    pub fn required_count(&mut self, name: &'a str, max: u16) -> u16 {
        self.required(name).map_or(0, |value| self.whole(name, value, max))
    }

    /// One of the words of `T`; its default if absent.
    pub fn choice<T: FromStr + Default + strum::VariantNames>(&mut self, name: &'a str) -> T {
        let Some(value) = self.optional(name) else { return T::default() };
        value.as_str().and_then(|word| word.parse().ok()).unwrap_or_else(|| {
            self.problem(name, &format!("Input should be one of: {}", T::VARIANTS.join(", ")));
            T::default()
        })
    }

    /// Everything that was wrong, unknown fields included.
    pub fn finish(mut self) -> Problems {
        let unknown: Vec<_> =
            self.json.keys().filter(|name| !self.known.contains(&name.as_str())).collect();
        for name in unknown {
            // Long enough for a misspelt field, too short to echo a whole body back.
            let shown: String = name.chars().take(64).collect();
            self.problem(&shown, "Extra inputs are not permitted");
        }
        self.problems
    }

    fn string(
        &mut self,
        name: &str,
        value: &Value,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let raw = self.raw(name, value)?;
        let checked = text(&self.path(name), raw, length);
        self.problems.take(checked)
    }

    fn lines(
        &mut self,
        name: &str,
        value: &Value,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let raw = self.raw(name, value)?;
        let checked = free_text(&self.path(name), raw, length);
        self.problems.take(checked)
    }

    fn raw<'v>(&mut self, name: &str, value: &'v Value) -> Option<&'v str> {
        let raw = value.as_str();
        if raw.is_none() {
            self.problem(name, "Input should be a valid string");
        }
        raw
    }

    fn whole(&mut self, name: &str, value: &Value, max: u16) -> u16 {
        let exact = value
            .as_number()
            .and_then(decimal)
            .filter(|(_, cents, rest)| (*cents, *rest) == (0, 0));
        let fitting = exact.and_then(|(whole, ..)| u16::try_from(whole).ok()).filter(|n| *n <= max);
        fitting.unwrap_or_else(|| {
            self.problem(name, &format!("Input should be a whole number from 0 to {max}"));
            0
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn number(json: Value) -> Number {
        let Value::Number(number) = json else { panic!("not a number") };
        number
    }

    #[test]
    fn decimals_are_read_as_they_were_written() {
        let cases = [
            (json!(1.1), 110, 110),
            (json!(1), 100, 100),
            (json!(2.675), 268, 268),
            (json!(1.001), 101, 100),
            (json!(0.000_000_1), 1, 0),
            (json!(-0.0), 0, 0),
        ];
        for (sent, up, half_up) in cases {
            assert_eq!(hundredths_up(&number(sent.clone())), Some(up), "{sent}");
            assert_eq!(hundredths(&number(sent.clone())), Some(half_up), "{sent}");
        }
        for refused in [json!(-1), json!(-0.5), json!(1e300)] {
            assert_eq!(hundredths(&number(refused)), None);
        }
    }

    #[test]
    fn one_phone_is_the_same_however_it_is_written() {
        for typed in [
            "780-555-0199",
            "(780) 555 0199",
            "+1 780.555.0199",
            "1 780 555 0199",
            "001780/5550199",
        ] {
            assert_eq!(phone(typed).as_deref(), Some("+17805550199"), "{typed}");
        }
        assert_eq!(phone("+49 30 1234567").as_deref(), Some("+49301234567"));
        for none in ["", "780-555-0199 x2", "call me", "12345", "1234567890123456", "+"] {
            assert_eq!(phone(none), None, "{none}");
        }
    }

    #[test]
    fn one_answer_names_everything_that_is_wrong() {
        let json = json!({ "name": "a\u{0}b", "beds": "two", "pets": 7, "colour": "red" });
        let mut fields = Fields::of(&json, "lead").unwrap();
        fields.required_text("name", 10);
        fields.required_text("phone", 10);
        fields.count("beds", 10);
        fields.text("pets", 10);
        let problems = fields.finish();
        let found: Vec<_> = problems.as_slice().iter().map(|p| p.field.as_str()).collect();
        assert_eq!(found, ["lead.name", "lead.phone", "lead.beds", "lead.pets", "lead.colour"]);
    }

    #[test]
    fn a_text_has_something_to_see_and_nothing_that_only_acts() {
        let refused =
            |raw: &str| text("name", raw, 0..=20).unwrap_err().as_slice()[0].message.clone();
        for invisible in
            ["\u{200B}", "\u{2060}\u{FEFF}", "\u{AD} \u{3164}", "\u{E0041}", "\u{2800}"]
        {
            assert_eq!(
                refused(invisible),
                "String should have a visible character",
                "{invisible:?}"
            );
        }
        for control in ["a\u{7}b", "a\tb", "a\nb", "a\u{85}b", "\u{1b}[31m"] {
            assert_eq!(refused(control), "Control characters are not permitted", "{control:?}");
        }
        // Joiners belong to some scripts, as long as they join something.
        for fine in ["می\u{200C}خواهم", "Zoë", "🧹", " a ", ""] {
            assert_eq!(text("name", fine, 0..=20).unwrap(), fine.trim());
        }
    }

    #[test]
    fn free_text_has_lines_and_no_other_control_characters() {
        assert_eq!(free_text("notes", " a\r\nb\n", 0..=20).unwrap(), "a\nb");
        assert!(free_text("notes", "a\u{b}b", 0..=20).is_err());
        assert!(free_text("notes", "a\rb", 0..=20).is_err());
    }

    #[test]
    fn a_nul_is_found_at_any_depth() {
        assert!(has_nul(&json!({ "a": [{ "b": "x\u{0}" }] })));
        assert!(has_nul(&json!({ "\u{0}": 1 })));
        assert!(!has_nul(&json!({ "a": ["\\u0000", 0, null] })));
    }
}
