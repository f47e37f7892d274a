//! Which figures are asked for on the command line.

/// Names of parts, like `append` or `append.lone`; none means all of them.
pub(crate) struct Wanted(Vec<String>);

impl Wanted {
    pub(crate) fn from_args() -> Self {
        Self(std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect())
    }

    /// Whether `part` was asked for, by its own name, that of the whole it belongs to, or that of something in it.
    pub(crate) fn has(&self, part: &str) -> bool {
        let is_within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.is_empty()
            || self.0.iter().any(|name| is_within(part, name) || is_within(name, part))
    }
}
