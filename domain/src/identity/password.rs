//! What a password must be.

/// Why a password is refused; the text is what the caller reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer than [`SHORTEST`] characters.
    #[error("Password too short")]
    Short,
    /// Letters of one case only.
    #[error("Password must include upper and lower case letters")]
    OneCase,
    /// No digit.
    #[error("Password must include a digit")]
    NoDigit,
    /// More than [`LONGEST`] bytes: hashing would be work for free.
    #[error("Password too long")]
    Long,
}

/// Characters a password has at least.
pub const SHORTEST: usize = 12;

/// Characters a password of a worker has at least: it is typed on a telephone, and opens what one person may see.
pub const SHORTEST_OF_WORKERS: usize = 8;

/// Bytes a password has at most.
pub const LONGEST: usize = 256;

/// Refuses a password that is too easily guessed. Source: section 1.5 of the platform specification.
pub fn check(password: &str) -> Result<(), Weak> {
    if password.chars().count() < SHORTEST {
        return Err(Weak::Short);
    }
    if password.len() > LONGEST {
        return Err(Weak::Long);
    }
    let upper = password.chars().any(char::is_uppercase);
    let lower = password.chars().any(char::is_lowercase);
    if !(upper && lower) {
        return Err(Weak::OneCase);
    }
    if !password.chars().any(char::is_numeric) {
        return Err(Weak::NoDigit);
    }
    Ok(())
}

/// Refuses a password that a worker may not choose for the portal.
pub fn check_of_worker(password: &str) -> Result<(), Weak> {
    match password.chars().count() {
        length if length < SHORTEST_OF_WORKERS => Err(Weak::Short),
        _ if password.len() > LONGEST => Err(Weak::Long),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_mixed_and_has_a_digit() {
        assert_eq!(check("Correct-Horse-1"), Ok(()));
        assert_eq!(check("Short-1"), Err(Weak::Short));
        assert_eq!(check("correct-horse-1"), Err(Weak::OneCase));
        assert_eq!(check("Correct-Horse-x"), Err(Weak::NoDigit));
        assert_eq!(check(&"Aa1".repeat(100)), Err(Weak::Long));
    }

    #[test]
    fn workers_choose_eight_characters_of_any_sort() {
        assert_eq!(check_of_worker("mop&pail"), Ok(()));
        assert_eq!(check_of_worker("mop&pai"), Err(Weak::Short));
        assert_eq!(check_of_worker("äöüäöüä"), Err(Weak::Short));
        assert_eq!(check_of_worker(&"ab".repeat(129)), Err(Weak::Long));
    }
}
