//! Whoever wants to know that a worker still works.

use std::sync::Arc;

type Told = dyn Fn(Result<(), &str>) + Send + Sync;

/// Told after every round how it went; what failed is told in words that quote no value.
#[derive(Clone)]
pub struct Watch(Arc<Told>);

impl Watch {
    /// Calls `told`, which must return at once.
    pub fn new(told: impl Fn(Result<(), &str>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    pub(crate) fn tell(&self, round: Result<(), &str>) {
        (self.0)(round);
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch(..)")
    }
}
