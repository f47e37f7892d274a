//! What customers are told about a visit.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::personal::PLACEHOLDER;
use domain::policy::{BOOKING_REMINDER, VISIT_PLANNED};
use projections::scheduling::booking_list::Addressee;

use super::email::Letter;

/// A visit, and whom it is for, as of now.
pub(super) struct Visit {
    pub(super) addressee: Addressee,
    /// The clock that the customer reads.
    pub(super) zone: Tz,
    pub(super) now: DateTime<Utc>,
}

/// The mail of that kind, or why there is none.
pub(super) fn letter(kind: &str, visit: &Visit) -> Result<Letter, &'static str> {
    let Addressee { name, email, starts_at, status } = &visit.addressee;
    if name == PLACEHOLDER {
        return Err("subject_erased");
    }
    match status.as_str() {
        "CONFIRMED" => {}
        // It is not promised yet: that is a mail of its own.
        "PENDING" if kind == VISIT_PLANNED => {}
        "IN_PROGRESS" | "DONE" => return Err("too_late"),
        _ => return Err("nobody_comes"),
    }
    let address = email.clone().ok_or("no_email_address")?;
    let is_ahead = matches!(kind, BOOKING_REMINDER | VISIT_PLANNED);
    if is_ahead && *starts_at <= visit.now {
        return Err("too_late");
    }
    let when = starts_at.with_timezone(&visit.zone).format("%A, %-d %B %Y at %H:%M");
    let (subject, said) = match kind {
        BOOKING_REMINDER => {
            ("Your cleaning visit is coming up", "this is a reminder of your visit")
        }
        VISIT_PLANNED => ("Your next cleaning visit", "your next visit is planned"),
        _ => ("Your cleaning visit is confirmed", "your visit is confirmed"),
    };
    let text = format!("Hello {name},\n\n{said}: {when}.\n\nWe look forward to seeing you.\n");
    Ok(Letter { name: name.clone(), address, subject, text })
}

#[cfg(test)]
mod tests {
    use chrono_tz::America::Edmonton;
    use domain::policy::BOOKING_CONFIRMED;

    use super::*;

    fn visit(name: &str, status: &str) -> Visit {
        let addressee = Addressee {
            name: name.to_owned(),
            email: Some("zoe@example.org".to_owned()),
            starts_at: "2030-03-04T17:00:00Z".parse().unwrap(),
            status: status.to_owned(),
        };
        Visit { addressee, zone: Edmonton, now: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn customers_read_the_time_on_their_own_clock() {
        let letter = letter(BOOKING_CONFIRMED, &visit("Zoë", "CONFIRMED")).ok().unwrap();
        assert!(letter.text.contains("Monday, 4 March 2030 at 10:00"), "{}", letter.text);
    }

    #[test]
    fn nobody_is_told_of_a_visit_that_is_none() {
        let why = |visit: &Visit| letter(BOOKING_REMINDER, visit).err();
        assert_eq!(why(&visit("Zoë", "CANCELLED")), Some("nobody_comes"));
        assert_eq!(why(&visit(PLACEHOLDER, "CONFIRMED")), Some("subject_erased"));
        // What is only planned is told of, and not taken for confirmed.
        assert!(letter(VISIT_PLANNED, &visit("Zoë", "PENDING")).is_ok());
        assert_eq!(why(&visit("Zoë", "PENDING")), Some("nobody_comes"));
        let late = Visit { now: DateTime::<Utc>::MAX_UTC, ..visit("Zoë", "CONFIRMED") };
        assert_eq!(why(&late), Some("too_late"));
    }
}
