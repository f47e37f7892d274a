//! Figures by currency. Amounts of two are never added up.

/// Figures in the currency of the organisation, and beside them in any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByCurrency<T> {
    /// In the currency of the organisation.
    pub own: T,
    /// In others, in the order of their names.
    pub others: Vec<T>,
}

impl<T: Default> ByCurrency<T> {
    /// Takes out of `all` what is in the currency `own`, which `currency` finds; nothing, in that currency, if there is none.
    pub(super) fn of(all: Vec<T>, own: &str, currency: fn(&mut T) -> &mut String) -> Self {
        let (mut mine, mut others) = (None, Vec::new());
        for mut one in all {
            if *currency(&mut one) == own {
                mine = Some(one);
            } else {
                others.push(one);
            }
        }
        let own = mine.unwrap_or_else(|| {
            let mut nothing = T::default();
            own.clone_into(currency(&mut nothing));
            nothing
        });
        Self { own, others }
    }
}
