//! Facts as of a position of the log, row by row, in the order of the log where nothing else is said.

mod crew;
mod leads;
mod money;
mod people;
mod visits;

use domain::id::OrgId;

pub use self::crew::{
    Membership, Rates, UsualRates, memberships, rates, teams, time_off, usual_rates,
};
pub use self::leads::{Lead, Offer, leads, offers};
pub use self::money::{Balance, Charge, Money, balances, charges, money};
pub use self::people::{Merges, Review, labels, merges, names, reviews};
pub use self::visits::{Stay, Visit, stays, visits};

/// Whose log, and up to which position of it; days are those on the clock of `zone`, an IANA name.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// Whose.
    pub org: OrgId,
    /// What comes later is not known yet.
    pub position: i64,
    /// On whose clock days begin.
    pub zone: &'a str,
}
