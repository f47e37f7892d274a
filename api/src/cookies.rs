//! Cookies of browsers, and what keeps pages of others from using them.

use axum::http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use chrono::TimeDelta;
use ring::hmac::{HMAC_SHA256, Key, sign, verify};

use crate::caller::Means;
use crate::problem::{Code, Problem};

/// The access token of staff.
pub(crate) const SESSION: &str = "saas_session";

/// What renews it; sent to the routes about the session only.
pub(crate) const REFRESH: &str = "saas_refresh";

/// The token of a worker at their portal.
pub(crate) const WORKER: &str = "worker_session";

/// The token of a client at theirs.
pub(crate) const CLIENT: &str = "client_session";

/// What a page of ours repeats in [`CSRF_HEADER`].
pub(crate) const CSRF: &str = "csrf_token";

const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where the token that renews a session is sent.
const REFRESH_PATH: &str = "/v1/auth";

/// The cookie of that name.
pub(crate) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| known.trim() == name).map(|(_, value)| value.trim())
}

/// A cookie to set; without an age it lives as long as the browser runs. The value must be of characters that cookies take.
pub(crate) fn set(
    (name, value): (&str, &str),
    age: Option<TimeDelta>,
    secure: bool,
) -> (HeaderName, HeaderValue) {
    let (path, site) = if name == REFRESH { (REFRESH_PATH, "Strict") } else { ("/", "Lax") };
    let age = age.map(|age| format!("; Max-Age={}", age.num_seconds())).unwrap_or_default();
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}{age}; HttpOnly; SameSite={site}{secure}");
    // Values are tokens of ours, which are header text.
    (SET_COOKIE, HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("")))
}

/// Holds a request that changes something to where it comes from. Only what browsers add by themselves can be misused by
/// other pages: a token in a header is exempt, and so is a Basic login that no browser sends.
pub(crate) fn check(method: &Method, headers: &HeaderMap, means: Means) -> Result<(), Problem> {
    if method.is_safe() || means == Means::Bearer {
        return Ok(());
    }
    if is_of_another_site(headers) {
        return Err(Problem::new(Code::CrossSite));
    }
    if means == Means::Basic {
        return Ok(());
    }
    let kept = value(headers, CSRF).filter(|kept| !kept.is_empty());
    let kept = kept.ok_or_else(|| Problem::new(Code::CsrfMissing))?;
    let given = headers.get(CSRF_HEADER).map_or(&b""[..], HeaderValue::as_bytes);
    // Compared in time that does not depend on how much of it is right.
    let key = Key::new(HMAC_SHA256, b"csrf");
    let same = verify(&key, given, sign(&key, kept.as_bytes()).as_ref()).is_ok();
    if same { Ok(()) } else { Err(Problem::new(Code::CsrfInvalid)) }
}

/// Whether a browser says that a page of somebody else sends this.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return !["same-origin", "none"].iter().any(|ours| site.as_bytes() == ours.as_bytes());
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let of = origin.to_str().ok().and_then(|origin| Some(origin.split_once("://")?.1));
    of.is_none_or(|of| !of.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let sent = headers(&[("cookie", "a=b; saas_session=x.y=; csrf_token=z")]);
        assert_eq!(value(&sent, SESSION), Some("x.y="));
        assert_eq!(value(&sent, CSRF), Some("z"));
        assert_eq!(value(&sent, "session"), None);
    }

    #[test]
    fn cookies_are_kept_from_scripts_and_from_other_sites() {
        let (_, session) = set((SESSION, "x"), Some(TimeDelta::minutes(15)), true);
        assert_eq!(session, "saas_session=x; Path=/; Max-Age=900; HttpOnly; SameSite=Lax; Secure");
        let (_, refresh) = set((REFRESH, "x"), Some(TimeDelta::zero()), false);
        assert_eq!(refresh, "saas_refresh=x; Path=/v1/auth; Max-Age=0; HttpOnly; SameSite=Strict");
    }

    #[test]
    fn what_a_browser_adds_by_itself_needs_a_page_of_ours() {
        let code = |pairs: &[(&'static str, &'static str)], means| {
            let refused = check(&Method::POST, &headers(pairs), means).err()?;
            Some(refused.code().to_owned())
        };
        let same = ("sec-fetch-site", "same-origin");
        let cookie = ("cookie", "csrf_token=t");
        assert_eq!(code(&[], Means::Cookie).as_deref(), Some("csrf_missing"));
        assert_eq!(code(&[cookie], Means::Cookie).as_deref(), Some("csrf_invalid"));
        assert_eq!(
            code(&[cookie, ("x-csrf-token", "other")], Means::Cookie).as_deref(),
            Some("csrf_invalid")
        );
        assert_eq!(code(&[same, cookie, ("x-csrf-token", "t")], Means::Cookie), None);
        for elsewhere in
            [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")]
        {
            let both = [elsewhere, cookie, ("x-csrf-token", "t")];
            assert_eq!(code(&both, Means::Cookie).as_deref(), Some("cross_site"));
            assert_eq!(code(&[elsewhere], Means::Basic).as_deref(), Some("cross_site"));
            assert_eq!(code(&[elsewhere], Means::Bearer), None);
        }
        assert_eq!(code(&[], Means::Basic), None);
        let ours = [("host", "api.test"), ("origin", "https://API.test")];
        assert_eq!(code(&ours, Means::Basic), None);
        let theirs = [("host", "api.test"), ("origin", "https://api.test.evil")];
        assert_eq!(code(&theirs, Means::Basic).as_deref(), Some("cross_site"));
        assert!(check(&Method::GET, &headers(&[("origin", "null")]), Means::Cookie).is_ok());
    }
}
