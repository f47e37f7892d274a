//! Values about a person, which must be erasable from a log that never forgets.
//!
//! A field of an event that says something about a person is a [`Personal`]. The write side seals it on the way
//! into the log; readers open it for as long as the person's key exists, and see it as erased ever after.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::SubjectId;

/// What every screen, export and history shows in place of an erased value.
pub const PLACEHOLDER: &str = "[erased]";

/// A value that belongs to one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Personal<T> {
    /// Readable; never written to the log like this.
    #[serde(rename = "$personal")]
    Open {
        /// Whose it is.
        subject: SubjectId,
        /// The value itself.
        value: T,
    },
    /// As it stands in the log.
    #[serde(rename = "$sealed")]
    Sealed {
        /// Whose it is.
        subject: SubjectId,
        /// Base64 of nonce and ciphertext, see [`crate::seal`].
        data: String,
    },
    /// The key is gone, and with it the value.
    #[serde(rename = "$erased")]
    Erased {
        /// Whose it was.
        subject: SubjectId,
    },
}

impl<T> Personal<T> {
    /// A readable value of `subject`.
    pub const fn of(subject: SubjectId, value: T) -> Self {
        Self::Open { subject, value }
    }

    /// Whose it is.
    pub const fn subject(&self) -> SubjectId {
        match self {
            Self::Open { subject, .. }
            | Self::Sealed { subject, .. }
            | Self::Erased { subject } => *subject,
        }
    }

    /// The value, unless it is sealed or erased.
    pub const fn open(&self) -> Option<&T> {
        match self {
            Self::Open { value, .. } => Some(value),
            Self::Sealed { .. } | Self::Erased { .. } => None,
        }
    }
}

/// Never prints the value: debug output ends in logs.
impl<T> std::fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self {
            Self::Open { .. } => "open",
            Self::Sealed { .. } => "sealed",
            Self::Erased { .. } => "erased",
        };
        write!(f, "Personal({kind}, {})", self.subject())
    }
}

/// Whether a JSON text may hold an open personal value; one that only mentions the mark of such values may, too.
pub fn may_be_open(json: &str) -> bool {
    json.contains(r#""$personal""#)
}

/// Collects whose values stand in `json`, each person once.
pub fn subjects_in(json: &Value, found: &mut Vec<SubjectId>) {
    each_personal(json, &mut |_, body| {
        if let Some(subject) = subject_of(body)
            && !found.contains(&subject)
        {
            found.push(subject);
        }
    });
}

/// Replaces every personal value in `json` by what people may read: the open value, or [`PLACEHOLDER`].
///
/// Sealed values count as unreadable; open them first with [`crate::seal::open_all`].
pub fn reveal(json: &mut Value) {
    if let Some((kind, body)) = personal_parts(json) {
        let shown = match (kind, body.get("value")) {
            (Kind::Open, Some(value)) => value.clone(),
            _ => Value::from(PLACEHOLDER),
        };
        *json = shown;
        return;
    }
    match json {
        Value::Array(items) => items.iter_mut().for_each(reveal),
        Value::Object(fields) => fields.values_mut().for_each(reveal),
        _ => {}
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Open,
    Sealed,
    Erased,
}

/// The kind and body if `json` is exactly one personal value.
pub(crate) fn personal_parts(json: &Value) -> Option<(Kind, &Value)> {
    let fields = json.as_object().filter(|fields| fields.len() == 1)?;
    let (name, body) = fields.iter().next()?;
    let kind = match name.as_str() {
        "$personal" => Kind::Open,
        "$sealed" => Kind::Sealed,
        "$erased" => Kind::Erased,
        _ => return None,
    };
    Some((kind, body))
}

pub(crate) fn subject_of(body: &Value) -> Option<SubjectId> {
    body.get("subject")?.as_str()?.parse().ok()
}

fn each_personal(json: &Value, visit: &mut impl FnMut(Kind, &Value)) {
    if let Some((kind, body)) = personal_parts(json) {
        visit(kind, body);
        return;
    }
    match json {
        Value::Array(items) => items.iter().for_each(|item| each_personal(item, visit)),
        Value::Object(fields) => fields.values().for_each(|item| each_personal(item, visit)),
        _ => {}
    }
}
