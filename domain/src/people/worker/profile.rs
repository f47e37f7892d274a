//! Who a worker is and how to reach them: everything personal of a worker in one value.

use serde::{Deserialize, Serialize};

use crate::input::{self, Problems};

/// Sealed as a whole. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Full name.
    pub name: String,
    /// As typed; what they sign in with, see [`Profile::login`].
    pub phone: String,
    /// Lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Profile {
    /// Reads what staff typed; names everything that is wrong with it.
    pub fn parse(name: &str, phone: &str, email: Option<&str>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let name = problems.take(input::text("name", name, 1..=120)).unwrap_or_default();
        let phone = problems.take(input::text("phone", phone, 1..=50)).unwrap_or_default();
        if !phone.is_empty() && input::phone(&phone).is_none() {
            problems.push("phone", "Input should be a phone number");
        }
        let email = email.map(str::trim).filter(|email| !email.is_empty());
        let address = email.and_then(input::address);
        if email.is_some() && address.is_none() {
            problems.push("email", "Input should be an e-mail address");
        }
        problems.or(Self { name, phone, email: address })
    }

    /// The phone number as it is looked up by when they sign in.
    pub fn login(&self) -> String {
        input::phone(&self.phone).unwrap_or_default()
    }
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let problems = Profile::parse(" ", "call me", Some("nowhere")).unwrap_err();
        let fields: Vec<_> = problems.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["name", "phone", "email"]);
    }

    #[test]
    fn a_profile_keeps_the_phone_as_typed_and_is_found_by_its_digits() {
        let profile = Profile::parse(" Dana ", "(780) 555-0199", Some(" ")).unwrap();
        assert_eq!((profile.name.as_str(), profile.phone.as_str()), ("Dana", "(780) 555-0199"));
        assert_eq!((profile.login().as_str(), &profile.email), ("+17805550199", &None));
        assert_eq!(format!("{profile:?}"), "Profile(..)");
    }
}
