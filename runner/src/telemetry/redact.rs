//! Takes personal data and secrets out of what is logged: by the name of a field, and by the shape of a text.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

const HIDDEN: &str = "[REDACTED]";

/// Fields whose values are never shown.
const NAMES: [&str; 22] = [
    "phone",
    "email",
    "address",
    "authorization",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "signed_url",
    "signature",
    "sig",
    "password",
    "new_password",
    "current_password",
    "temp_password",
    "secret",
    "otpauth_uri",
    "mfa_code",
    "code",
    "cookie",
    "set-cookie",
    "card",
];

/// Objects in which `name` is the name of a person.
const PERSONS: [&str; 7] =
    ["person", "customer", "client", "contact", "lead", "worker", "recipient"];

/// The shortest text that any of the shapes below fits, `1 A St` for one.
const SHORTEST: usize = 6;

/// What a text has of the marks without which no shape fits. Looking for marks costs a fraction of looking for shapes,
/// and most of what is logged are ids, times and names of our own.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
struct Marks {
    /// Of a query, or between a name and its value.
    assignment: bool,
    /// Between words.
    space: bool,
    /// Of an e-mail address.
    at: bool,
    /// Of a path.
    slash: bool,
    digits: usize,
}

impl Marks {
    fn of(text: &str) -> Self {
        let mut marks = Self::default();
        for byte in text.bytes() {
            match byte {
                b'?' | b'&' | b':' | b'=' => marks.assignment = true,
                b'@' => marks.at = true,
                b'/' => marks.slash = true,
                b'0'..=b'9' => marks.digits += 1,
                b' ' | b'\t'..=b'\r' => marks.space = true,
                // Digits and spaces of other scripts count as well; such texts are rare.
                128.. => {
                    let digits = text.len();
                    return Self { assignment: true, space: true, at: true, slash: true, digits };
                }
                _ => {}
            }
        }
        marks
    }
}

/// Something that gives a text away.
struct Shape {
    pattern: Regex,
    instead: &'static str,
    /// Whether a text with these marks can fit.
    possible: fn(Marks) -> bool,
}

/// What gives a text away, and what stands in its place. Secrets in addresses come before anything shorter.
static SHAPES: LazyLock<[Shape; 8]> = LazyLock::new(|| {
    [
        shape(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", "[REDACTED_TOKEN]", |_| true),
        // No id of ours in a path is that long.
        shape("/[A-Za-z0-9_-]{40,}", "/[REDACTED_TOKEN]", |marks| marks.slash),
        shape(
            "(?i)([?&](?:token|access_token|refresh_token|auth|signature|sig|x-amz-signature\
             |x-amz-credential|x-amz-security-token)=)[^&\\s#\"']+",
            "${1}[REDACTED_TOKEN]",
            |marks| marks.assignment,
        ),
        shape(
            r#"(?i)\bauthorization"?\s*[:=]\s*"?(?:(?:bearer|basic)\s+)?[^\s",]+"#,
            "authorization=[REDACTED_TOKEN]",
            |marks| marks.assignment,
        ),
        shape(r"(?i)\bbearer\s+[A-Za-z0-9._~+/-]+=*", "Bearer [REDACTED_TOKEN]", |marks| {
            marks.space
        }),
        shape(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}", "[REDACTED_EMAIL]", |marks| {
            marks.at
        }),
        shape(
            concat!(
                r"(?:\+?1[\s.-]?)?\(\d{3}\)\s?\d{3}[\s.-]?\d{4}\b",
                r"|(?:\+1[\s.-]?|\b1[\s.-]?|\b)\d{3}[\s.-]?\d{3}[\s.-]?\d{4}\b",
            ),
            "[REDACTED_PHONE]",
            |marks| marks.digits >= 10,
        ),
        shape(
            concat!(
                r"(?i)\b\d+[a-z]?\s+(?:[\w.'-]+\s+){1,4}",
                r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|drive|dr|lane|ln|way|court|ct",
                r"|crescent|cres|trail|trl|place|pl)\b",
            ),
            "[REDACTED_ADDRESS]",
            |marks| marks.space && marks.digits > 0,
        ),
    ]
});

#[expect(clippy::expect_used, reason = "the patterns are constants, and a test uses each")]
fn shape(pattern: &str, instead: &'static str, possible: fn(Marks) -> bool) -> Shape {
    Shape { pattern: Regex::new(pattern).expect("a constant pattern"), instead, possible }
}

/// The value of a field as it may be logged.
pub(super) fn value(name: &str, value: Value) -> Value {
    inside(name, value, false)
}

fn inside(name: &str, value: Value, is_person: bool) -> Value {
    let is_named = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if !value.is_null() && (is_named(&NAMES) || is_person && is_named(&["name"])) {
        return Value::from(HIDDEN);
    }
    match value {
        Value::String(text) => match hide(&text) {
            Cow::Borrowed(_) => Value::String(text),
            Cow::Owned(hidden) => Value::String(hidden),
        },
        Value::Array(all) => {
            Value::Array(all.into_iter().map(|one| inside(name, one, is_person)).collect())
        }
        Value::Object(fields) => {
            let is_person = is_named(&PERSONS);
            let shown = |(name, one): (String, Value)| {
                let one = inside(&name, one, is_person);
                (name, one)
            };
            Value::Object(fields.into_iter().map(shown).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// Whether this is one of the ids of which every line has several; no shape fits them, however many digits they have.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The text without what its shape gives away.
fn hide(text: &str) -> Cow<'_, str> {
    let mut hidden = Cow::Borrowed(text);
    if text.len() < SHORTEST || is_uuid(text) {
        return hidden;
    }
    let marks = Marks::of(text);
    for shape in SHAPES.iter().filter(|shape| (shape.possible)(marks)) {
        if let Cow::Owned(replaced) = shape.pattern.replace_all(&hidden, shape.instead) {
            hidden = Cow::Owned(replaced);
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_that_name_a_secret_are_not_shown_at_any_depth() {
        let given = json!({"Email": "x", "list": [{"token": 7, "card": null}], "org_id": "o"});
        let shown =
            json!({"Email": HIDDEN, "list": [{"token": HIDDEN, "card": null}], "org_id": "o"});
        assert_eq!(value("body", given), shown);
    }

    #[test]
    fn a_name_is_hidden_only_where_it_is_that_of_a_person() {
        let given = json!({"name": "nightly", "lead": {"name": "Dana", "status": "NEW"}});
        let shown = json!({"name": "nightly", "lead": {"name": HIDDEN, "status": "NEW"}});
        assert_eq!(value("context", given), shown);
    }

    #[test]
    fn e_mail_addresses_and_phones_are_recognised() {
        assert_eq!(hide("to dana.k+x@example.co.uk now"), "to [REDACTED_EMAIL] now");
        for phone in ["780-555-0199", "(780) 555-0199", "+17805550199", "1 780 555 0199"] {
            assert_eq!(hide(&format!("call {phone}.")), "call [REDACTED_PHONE].", "{phone}");
        }
    }

    #[test]
    fn street_addresses_are_recognised() {
        assert_eq!(hide("at 9 Sample Rd, today"), "at [REDACTED_ADDRESS], today");
        assert_eq!(hide("12B Old Mill Crescent"), "[REDACTED_ADDRESS]");
    }

    #[test]
    fn other_scripts_hide_nothing() {
        assert_eq!(hide("a\u{a0}bearer\u{a0}abc"), "a\u{a0}Bearer [REDACTED_TOKEN]");
        assert_eq!(hide("9\u{2003}Sample\u{2003}Rd"), "[REDACTED_ADDRESS]");
    }

    #[test]
    fn tokens_in_addresses_and_headers_are_recognised() {
        assert_eq!(hide("/i?a=1&token=abc&b=2"), "/i?a=1&token=[REDACTED_TOKEN]&b=2");
        assert_eq!(hide("Authorization: Basic b3duZXI="), "authorization=[REDACTED_TOKEN]");
        assert_eq!(hide("sent bearer abc.def-1"), "sent Bearer [REDACTED_TOKEN]");
        assert_eq!(hide("of eyJhbGciOi.eyJzdWIi.c2lnbmVk."), "of [REDACTED_TOKEN].");
        let token = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(hide(&format!("GET /i/{token}?a=1")), "GET /i/[REDACTED_TOKEN]?a=1");
    }

    #[test]
    fn no_shape_fits_an_id() {
        for digits in 0..1_000_u128 {
            let decimal = digits * 0x0011_1110_0101_1011_0001_1001_0110_0101;
            let id = uuid::Uuid::from_u128(decimal & 0x9999_9999_9999_9999_9999_9999_9999_9999);
            let id = id.to_string();
            assert!(is_uuid(&id));
            assert!(SHAPES.iter().all(|shape| !shape.pattern.is_match(&id)), "{id}");
        }
    }

    #[test]
    fn ids_times_and_versions_are_left_alone() {
        for text in [
            "/v1/admin/leads/0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d/quotes",
            "01234567-8901-7234-8567-012345678901",
            "2026-01-15T12:00:00.123Z",
            "position 12345678 of 23456789",
            "postgres 15.18, sqlx 0.8.6",
            "127.0.0.1:55432",
        ] {
            assert_eq!(hide(text), text);
        }
    }
}
