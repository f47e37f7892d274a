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

/// What is to be different of a profile; the rest stays. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Changes {
    name: Option<String>,
    phone: Option<String>,
    /// Empty removes it.
    email: Option<String>,
}

impl Profile {
    /// Reads what staff typed; names everything that is wrong with it.
    pub fn parse(name: &str, phone: &str, email: Option<&str>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let name = problems.take(read_name(name)).unwrap_or_default();
        let phone = problems.take(read_phone(phone)).unwrap_or_default();
        let email = problems.take(read_email(email.unwrap_or_default()));
        problems.or(Self { name, phone, email: email.and_then(unless_empty) })
    }

    /// The phone number as it is looked up by when they sign in.
    pub fn login(&self) -> String {
        input::phone(&self.phone).unwrap_or_default()
    }
}

impl Changes {
    /// Reads what staff typed, each as for a whole profile; an empty address removes it.
    pub fn parse(
        name: Option<&str>,
        phone: Option<&str>,
        email: Option<&str>,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let name = name.and_then(|name| problems.take(read_name(name)));
        let phone = phone.and_then(|phone| problems.take(read_phone(phone)));
        let email = email.and_then(|email| problems.take(read_email(email)));
        problems.or(Self { name, phone, email })
    }

    /// Whether nothing is to be different.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The profile as it is afterwards.
    #[must_use]
    pub fn on(self, profile: &Profile) -> Profile {
        Profile {
            name: self.name.unwrap_or_else(|| profile.name.clone()),
            phone: self.phone.unwrap_or_else(|| profile.phone.clone()),
            email: self.email.map_or_else(|| profile.email.clone(), unless_empty),
        }
    }
}

fn read_name(raw: &str) -> Result<String, Problems> {
    input::text("name", raw, 1..=120)
}

fn read_phone(raw: &str) -> Result<String, Problems> {
    let phone = input::text("phone", raw, 1..=50)?;
    let known = input::phone(&phone).is_some();
    if known { Ok(phone) } else { Err(Problems::one("phone", "Input should be a phone number")) }
}

/// Empty is none.
fn read_email(raw: &str) -> Result<String, Problems> {
    match (raw.trim(), input::address(raw)) {
        ("", _) => Ok(String::new()),
        (_, Some(address)) => Ok(address),
        (_, None) => Err(Problems::one("email", "Input should be an e-mail address")),
    }
}

fn unless_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile(..)")
    }
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Changes(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let whole = Profile::parse(" ", "call me", Some("nowhere")).unwrap_err();
        let part = Changes::parse(Some(" "), Some("call me"), Some("nowhere")).unwrap_err();
        let fields: Vec<_> = whole.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["name", "phone", "email"]);
        assert_eq!(whole, part);
    }

    #[test]
    fn a_profile_keeps_the_phone_as_typed_and_is_found_by_its_digits() {
        let profile = Profile::parse(" Dana ", "(780) 555-0199", Some(" ")).unwrap();
        assert_eq!((profile.name.as_str(), profile.phone.as_str()), ("Dana", "(780) 555-0199"));
        assert_eq!((profile.login().as_str(), &profile.email), ("+17805550199", &None));
        assert_eq!(format!("{profile:?}"), "Profile(..)");
    }

    #[test]
    fn what_is_left_out_stays_and_an_empty_address_goes() {
        let before = Profile::parse("Dana", "780-555-0199", Some("dana@example.org")).unwrap();
        let renamed = Changes::parse(Some("Dana K."), None, None).unwrap().on(&before);
        assert_eq!((renamed.name.as_str(), &renamed.email), ("Dana K.", &before.email));
        let without = Changes::parse(None, None, Some("")).unwrap().on(&before);
        assert_eq!((without.name.as_str(), without.email), ("Dana", None));
        assert!(Changes::parse(None, None, None).unwrap().is_empty());
    }
}
