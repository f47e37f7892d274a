//! What a change says about something that can also be nothing.

use serde::{Deserialize, Deserializer};

/// Tells `null` from what was left out; fields of this type say `#[serde(default)]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sent<T> {
    /// It stays as it is.
    #[default]
    LeftOut,
    /// It shall be nothing.
    Null,
    /// It shall be this.
    Value(T),
}

impl<T> Sent<T> {
    /// As it is afterwards.
    pub(crate) fn over(self, before: Option<T>) -> Option<T> {
        match self {
            Self::LeftOut => before,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Whether anything was said.
    pub(crate) const fn is_left_out(&self) -> bool {
        matches!(self, Self::LeftOut)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sent<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::deserialize(from).map(|value| value.map_or(Self::Null, Self::Value))
    }
}
