//! On whose clock a page shows its times: that of the organisation whose answers it is made of.

use std::cell::Cell;

use axum::http::{HeaderMap, HeaderName};
use chrono_tz::Tz;

/// The API says it with every answer that belongs to an organisation.
const TIMEZONE: HeaderName = HeaderName::from_static("x-org-timezone");

tokio::task_local! {
    static ZONE: Cell<Tz>;
}

/// Makes one page, on the clock that its answers [say](learn).
pub(crate) async fn page<F: Future>(made: F) -> F::Output {
    ZONE.scope(Cell::new(Tz::UTC), made).await
}

/// Takes over the clock that an answer names.
pub(crate) fn learn(answer: &HeaderMap) {
    let named = answer.get(TIMEZONE).and_then(|name| name.to_str().ok());
    if let Some(zone) = named.and_then(|name| name.parse().ok()) {
        // Outside a page nobody looks at a clock.
        let _ = ZONE.try_with(|clock| clock.set(zone));
    }
}

/// The clock of the page that is being made; UTC where no organisation is known.
pub(crate) fn zone() -> Tz {
    ZONE.try_with(Cell::get).unwrap_or(Tz::UTC)
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
    async fn a_clock_that_there_is_not_is_no_clock() {
        let page = page(async {
            learn(&answer("Nowhere/Never"));
            zone()
        });
        assert_eq!(page.await, Tz::UTC);
    }
}
