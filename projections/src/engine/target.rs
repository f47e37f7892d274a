//! Which copy of a read model is kept: the live one, or one that is built beside it.

use crate::Reader;

/// A copy of the tables of a projection, with a checkpoint of its own.
#[derive(Clone, Debug)]
pub struct Target {
    /// What is applied.
    pub reader: Reader,
    /// Under which name its checkpoint, lease and parked streams are kept.
    pub checkpoint: String,
    schema: Option<String>,
}

impl Target {
    /// The tables that queries read.
    pub fn live(reader: &Reader) -> Self {
        Self { reader: *reader, checkpoint: reader.name.to_owned(), schema: None }
    }

    /// Tables of the same names in `schema`; follows the skips decided for the live ones.
    pub fn beside(reader: &Reader, checkpoint: String, schema: String) -> Self {
        Self { reader: *reader, checkpoint, schema: Some(schema) }
    }

    /// Whether queries read it; only then do decisions about parked streams concern it.
    pub const fn is_live(&self) -> bool {
        self.schema.is_none()
    }

    /// The version that counts for live tables; none where there are no tables to be made again, or not yet.
    pub(crate) fn version(&self) -> Option<i32> {
        (self.is_live() && self.reader.is_rebuildable()).then_some(self.reader.version)
    }

    /// Finds the tables of this copy first; empty for the live one, which is found anyway.
    pub(crate) fn search_path(&self) -> String {
        self.schema.as_ref().map_or_else(String::new, |schema| {
            format!("; set local search_path = \"{}\", read, public", schema.replace('"', "\"\""))
        })
    }
}
