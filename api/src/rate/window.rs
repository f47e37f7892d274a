//! Counts one minute, second by second: never more than the limit in any 60 s, and 61 numbers to remember.

/// A minute and the second that has only begun.
const SECONDS: usize = 61;

/// The same for times.
pub(super) const SPAN: i64 = 61;

/// How much of a limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Seconds until more is allowed than now.
    pub(crate) reset: u32,
    /// Whether the request that asked may go on.
    pub(crate) is_allowed: bool,
}

/// What was allowed lately.
pub(super) struct Window {
    /// The second that `counts` ends with.
    newest: i64,
    /// By second, modulo their number.
    counts: [u32; SECONDS],
    total: u32,
}

impl Window {
    /// Nothing yet.
    pub(super) const fn new(second: i64) -> Self {
        Self { newest: second, counts: [0; SECONDS], total: 0 }
    }

    /// Counts one more, if that is allowed.
    pub(super) fn charge(&mut self, limit: u32, second: i64) -> Standing {
        self.forget(second);
        let is_allowed = self.total < limit;
        if is_allowed {
            self.counts[place(self.newest)] += 1;
            self.total += 1;
        }
        self.standing(limit, is_allowed)
    }

    /// How it stands, without counting.
    pub(super) fn look(&mut self, limit: u32, second: i64) -> Standing {
        self.forget(second);
        self.standing(limit, self.total < limit)
    }

    fn standing(&self, limit: u32, is_allowed: bool) -> Standing {
        let remaining = limit.saturating_sub(self.total);
        Standing { limit, remaining, reset: self.reset(), is_allowed }
    }

    /// Moves on to `second`; a clock that was set back stands still.
    fn forget(&mut self, second: i64) {
        let passed = second.saturating_sub(self.newest);
        if passed >= SPAN {
            *self = Self::new(second);
            return;
        }
        for second in self.newest + 1..=self.newest + passed.max(0) {
            self.total -= std::mem::take(&mut self.counts[place(second)]);
        }
        self.newest += passed.max(0);
    }

    fn reset(&self) -> u32 {
        let oldest = (1..=SPAN).find(|ahead| self.counts[place(self.newest + ahead)] > 0);
        oldest.and_then(|ahead| u32::try_from(ahead).ok()).unwrap_or(0)
    }
}

fn place(second: i64) -> usize {
    usize::try_from(second.rem_euclid(SPAN)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(window: &mut Window, limit: u32, second: i64) -> bool {
        window.charge(limit, second).is_allowed
    }

    #[test]
    fn what_is_refused_is_allowed_once_the_oldest_is_a_minute_old() {
        let mut window = Window::new(1_000);
        for second in 0..3 {
            assert!(allowed(&mut window, 3, 1_000 + second));
        }
        let refused = window.charge(3, 1_010);
        assert_eq!(refused, Standing { limit: 3, remaining: 0, reset: 51, is_allowed: false });
        assert!(!allowed(&mut window, 3, 1_060));
        assert!(allowed(&mut window, 3, 1_061));
        assert!(!allowed(&mut window, 3, 1_061));
        assert!(allowed(&mut window, 3, 1_062));
    }

    #[test]
    fn no_minute_wherever_it_begins_has_more_than_the_limit() {
        let (mut window, mut seconds) = (Window::new(0), Vec::new());
        // Three in some seconds, none in others.
        for second in 0..400_i64 {
            for _ in 0..second * 7 % 4 {
                if allowed(&mut window, 20, second) {
                    seconds.push(second);
                }
            }
        }
        assert!(seconds.len() > 100);
        for begin in 0..340 {
            let within = seconds.iter().filter(|at| (begin..begin + 60).contains(*at)).count();
            assert!(within <= 20, "{within} from second {begin}");
        }
    }

    #[test]
    fn a_refusal_costs_nothing_and_looking_neither() {
        let mut window = Window::new(0);
        assert!(allowed(&mut window, 1, 0));
        for second in 1..50 {
            assert!(!allowed(&mut window, 1, second));
        }
        assert!(window.look(1, 61).is_allowed);
        assert!(allowed(&mut window, 1, 61));
    }

    #[test]
    fn a_clock_that_is_set_back_forgets_nothing() {
        let mut window = Window::new(500);
        assert!(allowed(&mut window, 1, 500));
        assert!(!allowed(&mut window, 1, 100));
        assert!(!allowed(&mut window, 1, 560));
        assert!(allowed(&mut window, 1, 561));
    }
}
