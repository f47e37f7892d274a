//! Who a client is and how to reach them: everything personal of a client in one value.

use serde::{Deserialize, Serialize};

use crate::input::{self, Problems};

/// Sealed as a whole. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Full name.
    pub name: String,
    /// Lower case; what they sign in with.
    pub email: String,
    /// As typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// What is to be different of a contact; the rest stays. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Changes {
    name: Option<String>,
    email: Option<String>,
    /// Empty removes it.
    phone: Option<String>,
}

impl Contact {
    /// Reads what was typed; names everything that is wrong with it.
    pub fn parse(name: &str, email: &str, phone: Option<&str>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let name = problems.take(read_name(name)).unwrap_or_default();
        let email = problems.take(read_email(email)).unwrap_or_default();
        let phone = problems.take(read_phone(phone.unwrap_or_default()));
        problems.or(Self { name, email, phone: phone.and_then(unless_empty) })
    }
}

impl Changes {
    /// Reads what was typed, each as for a whole contact; an empty phone removes it.
    pub fn parse(
        name: Option<&str>,
        email: Option<&str>,
        phone: Option<&str>,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let name = name.and_then(|name| problems.take(read_name(name)));
        let email = email.and_then(|email| problems.take(read_email(email)));
        let phone = phone.and_then(|phone| problems.take(read_phone(phone)));
        problems.or(Self { name, email, phone })
    }

    /// Whether nothing is to be different.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The contact as it is afterwards.
    #[must_use]
    pub fn on(self, contact: &Contact) -> Contact {
        Contact {
            name: self.name.unwrap_or_else(|| contact.name.clone()),
            email: self.email.unwrap_or_else(|| contact.email.clone()),
            phone: self.phone.map_or_else(|| contact.phone.clone(), unless_empty),
        }
    }
}

fn read_name(raw: &str) -> Result<String, Problems> {
    input::text("name", raw, 1..=120)
}

fn read_email(raw: &str) -> Result<String, Problems> {
    input::address(raw).ok_or_else(|| Problems::one("email", "Input should be an e-mail address"))
}

/// Empty is none.
fn read_phone(raw: &str) -> Result<String, Problems> {
    input::text("phone", raw, 0..=50)
}

fn unless_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(..)")
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
    fn an_address_is_kept_as_it_is_looked_up() {
        let contact = Contact::parse(" Sam ", " Sam@Example.ORG ", Some("")).unwrap();
        assert_eq!((contact.name.as_str(), contact.email.as_str()), ("Sam", "sam@example.org"));
        assert_eq!(contact.phone, None);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let long = "1".repeat(51);
        let whole = Contact::parse("", "nowhere", Some(&long)).unwrap_err();
        let part = Changes::parse(Some(""), Some("nowhere"), Some(&long)).unwrap_err();
        let fields: Vec<_> = whole.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["name", "email", "phone"]);
        assert_eq!(whole, part);
    }

    #[test]
    fn what_is_left_out_stays_and_an_empty_phone_goes() {
        let before = Contact::parse("Sam", "sam@example.org", Some("780-555-0199")).unwrap();
        let renamed = Changes::parse(Some("Sam S."), None, None).unwrap().on(&before);
        assert_eq!((renamed.name.as_str(), &renamed.phone), ("Sam S.", &before.phone));
        let without = Changes::parse(None, None, Some(" ")).unwrap().on(&before);
        assert_eq!((without.name.as_str(), without.phone), ("Sam", None));
        assert!(Changes::parse(None, None, None).unwrap().is_empty());
    }
}
