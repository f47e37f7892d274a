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

impl Contact {
    /// Reads what was typed; names everything that is wrong with it.
    pub fn parse(name: &str, email: &str, phone: Option<&str>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let name = problems.take(input::text("name", name, 1..=120)).unwrap_or_default();
        let address = input::address(email);
        if address.is_none() {
            problems.push("email", "Input should be an e-mail address");
        }
        let phone = phone.map(str::trim).filter(|phone| !phone.is_empty());
        let phone = phone.and_then(|phone| problems.take(input::text("phone", phone, 1..=50)));
        problems.or(Self { name, email: address.unwrap_or_default(), phone })
    }
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(..)")
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
        let problems = Contact::parse("", "nowhere", Some(&"1".repeat(51))).unwrap_err();
        let fields: Vec<_> = problems.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["name", "email", "phone"]);
    }
}
