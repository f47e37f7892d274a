//! The counts of this process alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use super::bucket::Spender;
use super::window::{Standing, Window};

/// Addresses and people to remember, about 20 MB of them; whoever has asked least lately makes way.
const CAPACITY: u64 = 50_000;

/// One window per spender.
pub(super) struct Local(Cache<Spender, Arc<Mutex<Window>>>);

impl Local {
    /// Forgets whoever has not asked for as long as `idle`.
    pub(super) fn new(idle: Duration) -> Self {
        Self(Cache::builder().max_capacity(CAPACITY).time_to_idle(idle).build())
    }

    /// Counts one request of `spender` in this second of the clock.
    pub(super) fn charge(&self, spender: Spender, limit: u32, second: i64) -> Standing {
        self.with(spender, second, |window| window.charge(limit, second))
    }

    /// How `spender` stands.
    pub(super) fn look(&self, spender: Spender, limit: u32, second: i64) -> Standing {
        self.with(spender, second, |window| window.look(limit, second))
    }

    fn with<T>(&self, spender: Spender, second: i64, ask: impl FnOnce(&mut Window) -> T) -> T {
        let new = || Arc::new(Mutex::new(Window::new(second)));
        let window = self.0.get(&spender).unwrap_or_else(|| self.0.get_with(spender, new));
        // No code that holds the lock can leave the window half changed.
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&mut window)
    }

    /// Begins anew.
    pub(super) fn clear(&self) {
        self.0.invalidate_all();
    }
}
