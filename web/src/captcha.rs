//! The widget with which visitors of public pages show that they are persons. Only pages that hold it may load it.

use axum::http::HeaderValue;
use axum::response::Response;
use url::Url;

use crate::Site;
use crate::form::{Answer, Fields};

/// The field that the widget adds to the form it stands in.
const ANSWER: &str = "cf-turnstile-response";

/// How the widget is made.
#[derive(Clone, Debug)]
pub struct Widget {
    /// What its provider knows the pages by, for everybody to see.
    pub site_key: String,
    /// Where it comes from.
    pub base: Url,
}

/// On answers whose page holds the widget.
#[derive(Clone, Copy)]
struct Held;

impl Widget {
    /// Where its script is.
    pub(crate) fn script(&self) -> String {
        let base = self.base.as_str().trim_end_matches('/');
        format!("{base}/turnstile/v0/api.js")
    }

    /// What browsers may load on a page that holds it.
    fn policy(&self) -> Option<HeaderValue> {
        let from = self.base.origin().ascii_serialization();
        let policy = format!(
            "default-src 'self'; style-src 'self'; script-src 'self' {from}; frame-src {from}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
        );
        HeaderValue::from_str(&policy).ok()
    }
}

/// An answer whose page holds the widget, if there is one.
pub(crate) fn held(answer: Answer) -> Answer {
    answer.map(|mut response| {
        response.extensions_mut().insert(Held);
        response
    })
}

/// What browsers may load on this page beside what they always may.
pub(crate) fn policy(site: &Site, response: &Response) -> Option<HeaderValue> {
    response.extensions().get::<Held>()?;
    site.widget.as_ref()?.policy()
}

/// What the widget answered, for the API.
pub(crate) fn answer(fields: &Fields) -> Option<&str> {
    fields.filled(ANSWER)
}
