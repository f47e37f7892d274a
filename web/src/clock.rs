//! On whose clock a page shows its times, and which day it is there: those of the organisation whose answers it is made of.

use std::cell::Cell;

use axum::http::{HeaderMap, HeaderName, header};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

/// The API says it with every answer that belongs to an organisation.
const TIMEZONE: HeaderName = HeaderName::from_static("x-org-timezone");

tokio::task_local! {
    static ZONE: Cell<Tz>;
    /// When the API answered last, by its own clock.
    static NOW: Cell<Option<DateTime<Utc>>>;
}

/// Makes one page, on the clock that its answers [say](learn).
pub(crate) async fn page<F: Future>(made: F) -> F::Output {
    ZONE.scope(Cell::new(Tz::UTC), NOW.scope(Cell::new(None), made)).await
}

/// Takes over the clock that an answer names.
pub(crate) fn learn(answer: &HeaderMap) {
    let named = answer.get(TIMEZONE).and_then(|name| name.to_str().ok());
    if let Some(zone) = named.and_then(|name| name.parse().ok()) {
        // Outside a page nobody looks at a clock.
        let _ = ZONE.try_with(|clock| clock.set(zone));
    }
    let dated = answer.get(header::DATE).and_then(|date| date.to_str().ok());
    if let Some(now) = dated.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
        let _ = NOW.try_with(|clock| clock.set(Some(now.to_utc())));
    }
}

/// The clock of the page that is being made; UTC where no organisation is known.
pub(crate) fn zone() -> Tz {
    ZONE.try_with(Cell::get).unwrap_or(Tz::UTC)
}

/// Which day it is on the clock of the page, as far as an answer has told.
pub(crate) fn today() -> Option<NaiveDate> {
    let now = NOW.try_with(Cell::get).ok().flatten()?;
    Some(now.with_timezone(&zone()).date_naive())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn answer(zone: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(TIMEZONE, HeaderValue::from_static(zone))])
    }

    #[tokio::test]
    async fn a_page_has_the_clock_of_its_answers_and_no_other_page_has() {
        let edmonton = page(async {
            learn(&answer("America/Edmonton"));
            zone()
        });
        assert_eq!(edmonton.await, Tz::America__Edmonton);
        assert_eq!(page(async { zone() }).await, Tz::UTC);
    }

    #[tokio::test]
    async fn the_day_is_that_of_the_organisation() {
        let page = page(async {
            let mut late = answer("America/Edmonton");
            let date = HeaderValue::from_static("Mon, 04 Mar 2030 05:00:00 GMT");
            late.insert(header::DATE, date);
            learn(&late);
            today()
        });
        assert_eq!(page.await, "2030-03-03".parse().ok());
        assert_eq!(today(), None);
    }

    #[tokio::test]
    async fn a_clock_that_there_is_not_is_no_clock() {
        let page = page(async {
            learn(&answer("Nowhere/Never"));
            zone()
        });
        assert_eq!(page.await, Tz::UTC);
    }
}
