//! Who asked, how to reach them, and what they said about their home: everything personal of a lead in one value.

use serde::{Deserialize, Serialize};

/// Sealed as a whole. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Full name.
    pub name: String,
    /// As typed.
    pub phone: String,
    /// As typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where to clean.
    pub address: String,
    /// Part of the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// When it would suit, in their words.
    pub preferred_dates: Vec<String>,
    /// How to get in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_notes: Option<String>,
    /// Where to park.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parking: Option<String>,
    /// Animals at home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pets: Option<String>,
    /// What cleaners must not use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allergies: Option<String>,
    /// Anything else they said when they asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(..)")
    }
}

/// How to reach the person whose referral code was used; looked up by the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Their own lead.
    pub lead_id: crate::id::LeadId,
    /// As typed, if known and not erased.
    pub phone: Option<String>,
    /// As typed, if known and not erased.
    pub email: Option<String>,
}

impl std::fmt::Debug for Referrer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Referrer({})", self.lead_id)
    }
}

impl Referrer {
    /// Whether `contact` is reached by the same phone or e-mail.
    pub fn is_same_person(&self, contact: &Contact) -> bool {
        let same_phone =
            self.phone.as_deref().is_some_and(|p| same_phone(p) == same_phone(&contact.phone));
        let same_email = match (&self.email, &contact.email) {
            (Some(one), Some(other)) => same_email(one) == same_email(other),
            (None, _) | (_, None) => false,
        };
        same_phone || same_email
    }
}

/// One spelling for all spellings of a phone number: digits, without the country code of North America.
fn same_phone(raw: &str) -> String {
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix('1') {
        _ if digits.is_empty() => raw.trim().to_lowercase(),
        Some(local) if local.len() == 10 => local.to_owned(),
        Some(_) | None => digits,
    }
}

fn same_email(raw: &str) -> String {
    raw.trim().to_lowercase()
}

/// Letters and digits of a referral code.
const CODE_SYMBOLS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A referral code of 8 letters and digits made of random bytes.
pub fn referral_code(random: [u8; 8]) -> String {
    let mut rest = u64::from_le_bytes(random);
    let mut code = String::with_capacity(8);
    for _ in 0..8 {
        let symbol = usize::try_from(rest % 36).unwrap_or(0);
        code.push(char::from(CODE_SYMBOLS[symbol]));
        rest /= 36;
    }
    code
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn contact(phone: &str, email: Option<&str>) -> Contact {
        Contact { phone: phone.to_owned(), email: email.map(str::to_owned), ..Contact::default() }
    }

    fn referrer(phone: Option<&str>, email: Option<&str>) -> Referrer {
        Referrer {
            lead_id: Uuid::nil().into(),
            phone: phone.map(str::to_owned),
            email: email.map(str::to_owned),
        }
    }

    #[test]
    fn another_spelling_is_the_same_person() {
        let known = referrer(Some("+1 (780) 555-0199"), Some("Dana@Example.org "));
        assert!(known.is_same_person(&contact("780.555.0199", None)));
        assert!(known.is_same_person(&contact("780 555 0100", Some("dana@example.ORG"))));
        assert!(!known.is_same_person(&contact("780 555 0100", Some("kim@example.org"))));
        assert!(!known.is_same_person(&contact("780 555 0100", None)));
        assert!(!referrer(None, None).is_same_person(&contact("780 555 0199", None)));
    }

    #[test]
    fn a_referral_code_is_eight_capitals_and_digits() {
        for random in [[0; 8], [255; 8], [1, 2, 3, 4, 5, 6, 7, 8]] {
            let code = referral_code(random);
            assert_eq!(code.len(), 8);
            assert!(code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
        }
    }

    #[test]
    fn debug_output_shows_nobody() {
        let person = contact("780 555 0199", Some("dana@example.org"));
        let shown = format!("{person:?} {:?}", referrer(Some("780 555 0199"), None));
        assert!(!shown.contains("0199") && !shown.contains("dana"));
    }
}
