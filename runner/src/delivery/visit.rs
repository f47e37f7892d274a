//! What customers are told about a visit.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use commands::LoadError;
use domain::id::{BookingId, OrgId};
use domain::personal::PLACEHOLDER;
use domain::policy::{
    BOOKING_CANCELLED, BOOKING_COMPLETED, BOOKING_EXPIRED, BOOKING_MOVED, BOOKING_PENDING,
    BOOKING_REMINDER, VISIT_PLANNED,
};
use domain::pricing::price_book::PriceBook;
use domain::scheduling::booking::Booking;
use domain::settings::org::Currency;
use projections::scheduling::booking_list::{self, Addressee, BookingList};
use projections::{Projection, engine, tenant};
use serde::Deserialize;
use tokio::time::Instant;

use super::email::Letter;
use super::invoice::amount;
use super::{Attempt, Delivery, Due, SOON};

/// What the effect says beside the visit.
#[derive(Default, Deserialize)]
struct News {
    /// To when it was moved.
    starts_at: Option<DateTime<Utc>>,
    /// What is paid back of the deposit.
    #[serde(default)]
    refund_cents: i64,
    /// What cancelling costs beside.
    #[serde(default)]
    fee_cents: i64,
}

/// A visit, and whom it is for, as of now.
struct Visit {
    addressee: Addressee,
    /// The clock that the customer reads.
    zone: Tz,
    /// What prices are in.
    currency: Currency,
    /// What the letter says that moving it costs beside.
    moving_fee_cents: i64,
    now: DateTime<Utc>,
}

impl Delivery {
    /// Mail about a visit, to whom and when it is now.
    pub(super) async fn about_visit(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let org = OrgId::from(effect.org_id);
        let booking =
            effect.payload["booking_id"].as_str().and_then(|id| id.parse::<BookingId>().ok());
        let Some(booking) = booking else {
            return Ok(Attempt::Permanent("the payload names no booking".to_owned()));
        };
        if !self.email.is_on() {
            return Ok(Attempt::Suppressed("email_off"));
        }
        // Before the list knows what is told here, it would contradict it.
        let known =
            engine::wait_for(&self.db, org, &[BookingList::NAME], effect.cause, Instant::now());
        if known.await? != engine::Waited::Reached {
            return Ok(Attempt::Postponed((self.clock)() + SOON));
        }
        let Ok((thanks, moving_fee_cents)) = self.terms(org, booking, &effect.kind).await else {
            return Ok(Attempt::Temporary("the visit or its terms could not be read".to_owned()));
        };
        if !thanks {
            return Ok(Attempt::Suppressed("switched_off"));
        }
        let mut tx = tenant::begin(&self.db, org).await?;
        let addressee = booking_list::addressee(&mut tx, org, booking).await?;
        drop(tx);
        let Some(addressee) = addressee else {
            return Ok(Attempt::Temporary("the booking is not listed yet".to_owned()));
        };
        let (settings, registered) = self.settings(org).await?;
        let (zone, currency) = (settings.zone(&registered), settings.currency);
        let about = Visit { addressee, zone, currency, moving_fee_cents, now: (self.clock)() };
        let news = News::deserialize(&effect.payload).unwrap_or_default();
        Ok(match letter(&effect.kind, &about, &news) {
            Ok(letter) => self.email.send(effect.effect_id, letter).await,
            Err(why) => Attempt::Suppressed(why),
        })
    }

    /// Whether such a letter is wanted, and what moving the visit costs beside, however often it was moved.
    async fn terms(
        &self,
        org: OrgId,
        booking: BookingId,
        kind: &str,
    ) -> Result<(bool, i64), LoadError> {
        Ok(match kind {
            BOOKING_COMPLETED => {
                let book = self.bus.load::<PriceBook>(org, &org.to_string()).await?.state;
                (book.published.policies.work.thanks, 0)
            }
            BOOKING_MOVED => {
                let found = self.bus.load::<Booking>(org, &booking.to_string()).await?.state;
                (true, found.details().map_or(0, |visit| visit.moving_fee_cents))
            }
            _ => (true, 0),
        })
    }
}

/// The mail of that kind, or why there is none.
fn letter(kind: &str, visit: &Visit, news: &News) -> Result<Letter, &'static str> {
    let Addressee { name, email, starts_at, status } = &visit.addressee;
    if name == PLACEHOLDER {
        return Err("subject_erased");
    }
    needless(kind, status).map_or(Ok(()), Err)?;
    if news.starts_at.is_some_and(|told| told != *starts_at) {
        // Another letter says where it was moved after that.
        return Err("moved_again");
    }
    let address = email.clone().ok_or("no_email_address")?;
    let until = match kind {
        BOOKING_CANCELLED | BOOKING_COMPLETED => None,
        // Nobody asks any more for what became of a visit of last week.
        BOOKING_EXPIRED => Some(*starts_at + TimeDelta::days(1)),
        _ => Some(*starts_at),
    };
    if until.is_some_and(|until| until <= visit.now) {
        return Err("too_late");
    }
    let when = when(*starts_at, visit.zone);
    let (subject, said) = words(kind);
    let moving = if kind == BOOKING_MOVED { visit.moving_fee_cents } else { 0 };
    let money = money(news, moving, visit.currency);
    let end = match kind {
        BOOKING_CANCELLED | BOOKING_EXPIRED => "You can choose another time whenever you like.",
        BOOKING_COMPLETED => "If you like, tell us at your portal how it was.",
        _ => "We look forward to seeing you.",
    };
    let text = format!("Hello {name},\n\n{said}: {when}.\n{money}\n{end}\n");
    Ok(Letter { name: name.clone(), address, subject, text })
}

/// The beginning of a visit, as people read it.
pub(super) fn when(starts_at: DateTime<Utc>, zone: Tz) -> impl std::fmt::Display {
    starts_at.with_timezone(&zone).format("%A, %-d %B %Y at %H:%M")
}

/// Why nobody has to be told that any more.
fn needless(kind: &str, status: &str) -> Option<&'static str> {
    let wanted: &[&str] = match kind {
        BOOKING_PENDING => &["PENDING"],
        // What is only planned is told of, and not taken for confirmed.
        VISIT_PLANNED | BOOKING_MOVED => &["PENDING", "CONFIRMED"],
        BOOKING_CANCELLED | BOOKING_EXPIRED => &["CANCELLED"],
        BOOKING_COMPLETED => &["DONE"],
        _ => &["CONFIRMED"],
    };
    if wanted.contains(&status) {
        return None;
    }
    Some(match status {
        "IN_PROGRESS" | "DONE" => "too_late",
        "CONFIRMED" => "confirmed_by_now",
        _ => "nobody_comes",
    })
}

fn words(kind: &str) -> (&'static str, &'static str) {
    match kind {
        BOOKING_PENDING => (
            "We have received your booking",
            "you asked for a visit, and we will confirm it as soon as we can",
        ),
        BOOKING_REMINDER => {
            ("Your cleaning visit is coming up", "this is a reminder of your visit")
        }
        BOOKING_MOVED => ("Your cleaning visit is at another time", "your visit is at a new time"),
        BOOKING_CANCELLED => ("Your cleaning visit is cancelled", "this visit is cancelled"),
        BOOKING_EXPIRED => (
            "Your cleaning visit is not held any more",
            "the deposit was not paid in time, so we do not hold this visit for you any more",
        ),
        BOOKING_COMPLETED => ("Thank you for having us", "thank you for this visit"),
        VISIT_PLANNED => ("Your next cleaning visit", "your next visit is planned"),
        _ => ("Your cleaning visit is confirmed", "your visit is confirmed"),
    }
}

/// What becomes of their money, on lines of its own.
fn money(news: &News, moving_fee_cents: i64, currency: Currency) -> String {
    let currency: &str = currency.into();
    let line = |cents: i64, said: &str| match cents {
        0 => String::new(),
        cents => format!("{said}: {} {currency}.\n", amount(cents)),
    };
    let back = line(news.refund_cents, "\nWe pay back of your deposit");
    let fee = line(news.fee_cents, "\nFor cancelling late we charge");
    let moving = line(moving_fee_cents, "\nFor moving it we charge with the visit");
    back + &fee + &moving
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
        let (zone, currency, now) = (Edmonton, Currency::Cad, DateTime::UNIX_EPOCH);
        Visit { addressee, zone, currency, moving_fee_cents: 1_500, now }
    }

    fn why(kind: &str, visit: &Visit) -> Option<&'static str> {
        letter(kind, visit, &News::default()).err()
    }

    #[test]
    fn customers_read_the_time_on_their_own_clock() {
        let about = visit("Zoë", "CONFIRMED");
        let letter = letter(BOOKING_CONFIRMED, &about, &News::default()).ok().unwrap();
        assert!(letter.text.contains("Monday, 4 March 2030 at 10:00"), "{}", letter.text);
    }

    #[test]
    fn nobody_is_told_of_a_visit_that_is_none() {
        assert_eq!(why(BOOKING_REMINDER, &visit("Zoë", "CANCELLED")), Some("nobody_comes"));
        assert_eq!(why(BOOKING_REMINDER, &visit(PLACEHOLDER, "CONFIRMED")), Some("subject_erased"));
        assert_eq!(why(VISIT_PLANNED, &visit("Zoë", "PENDING")), None);
        assert_eq!(why(BOOKING_REMINDER, &visit("Zoë", "PENDING")), Some("nobody_comes"));
        let late = Visit { now: DateTime::<Utc>::MAX_UTC, ..visit("Zoë", "CONFIRMED") };
        assert_eq!(why(BOOKING_REMINDER, &late), Some("too_late"));
    }

    #[test]
    fn each_letter_is_for_the_state_that_it_tells_of() {
        for (kind, status, said) in [
            (BOOKING_PENDING, "PENDING", None),
            (BOOKING_PENDING, "CONFIRMED", Some("confirmed_by_now")),
            (BOOKING_MOVED, "CONFIRMED", None),
            (BOOKING_MOVED, "CANCELLED", Some("nobody_comes")),
            (BOOKING_CANCELLED, "CANCELLED", None),
            (BOOKING_EXPIRED, "CANCELLED", None),
            (BOOKING_COMPLETED, "DONE", None),
            (BOOKING_COMPLETED, "CONFIRMED", Some("confirmed_by_now")),
        ] {
            assert_eq!(why(kind, &visit("Zoë", status)), said, "{kind} {status}");
        }
    }

    #[test]
    fn whoever_is_cancelled_reads_what_becomes_of_their_money() {
        let news = News { refund_cents: 7_000, fee_cents: 2_550, ..News::default() };
        let said = letter(BOOKING_CANCELLED, &visit("Zoë", "CANCELLED"), &news).ok().unwrap().text;
        assert!(said.contains("70.00 CAD") && said.contains("25.50 CAD"), "{said}");
        let none = letter(BOOKING_CANCELLED, &visit("Zoë", "CANCELLED"), &News::default());
        assert!(!none.ok().unwrap().text.contains("CAD"));
        let moved = letter(BOOKING_MOVED, &visit("Zoë", "CONFIRMED"), &News::default());
        assert!(moved.ok().unwrap().text.contains("we charge with the visit: 15.00 CAD"));
    }

    #[test]
    fn whoever_moves_twice_is_told_the_last_time_alone() {
        let told = |at: &str| News { starts_at: Some(at.parse().unwrap()), ..News::default() };
        let about = visit("Zoë", "CONFIRMED");
        assert!(letter(BOOKING_MOVED, &about, &told("2030-03-04T17:00:00Z")).is_ok());
        let before = letter(BOOKING_MOVED, &about, &told("2030-03-03T17:00:00Z"));
        assert_eq!(before.err(), Some("moved_again"));
    }
}
