//! Screens for visitors, clients, workers, staff and auditors: a client of the HTTP API and of nothing else.

mod api;
mod assets;
mod book;
mod bookings;
mod called;
mod captcha;
mod clients;
mod clock;
mod dashboard;
mod dispatch;
mod disputes;
mod edge;
mod failure;
mod finance;
mod form;
mod history;
mod invoices;
mod landing;
mod leads;
mod login;
mod moment;
mod navigation;
mod obstacle;
mod own;
mod page;
mod pay;
mod portal;
mod prices;
mod reports;
mod search;
mod session;
mod settings;
mod shown;
mod subscriptions;
mod teams;
mod time_off;
mod token;
mod trace;
mod typed;
mod visitor;
mod workers;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use url::Url;

use self::api::Api;
pub use self::captcha::Widget;
use self::failure::Failure;
use self::session::Sessions;
use self::token::Tokens;

/// No form of ours is larger.
const BODY: usize = 64 * 1024;

/// What the program decides about the screens.
pub struct Options {
    /// Where the HTTP API listens.
    pub api_url: Url,
    /// Whether browsers reach us over TLS only.
    pub secure_cookies: bool,
    /// Signs the tokens in forms.
    pub key: [u8; 32],
    /// With what visitors show that they are persons, if they are asked.
    pub widget: Option<Widget>,
}

/// Shared by every request.
struct Site {
    api: Api,
    sessions: Sessions,
    tokens: Tokens,
    secure_cookies: bool,
    widget: Option<Widget>,
}

type SiteState = Arc<Site>;

/// Every page. Fails if no client for the API can be made, which only a missing TLS provider causes.
pub fn router(options: Options) -> Result<Router, reqwest::Error> {
    let site = Arc::new(Site {
        api: Api::new(options.api_url)?,
        sessions: Sessions::default(),
        tokens: Tokens::new(&options.key),
        secure_cookies: options.secure_cookies,
        widget: options.widget,
    });
    let router = Router::new()
        .merge(assets::routes())
        .merge(landing::routes())
        .merge(login::routes())
        .merge(book::routes())
        .merge(leads::routes())
        .merge(bookings::routes())
        .merge(dispatch::routes())
        .merge(dashboard::routes())
        .merge(search::routes())
        .merge(subscriptions::routes())
        .merge(teams::routes())
        .merge(time_off::routes())
        .merge(workers::routes())
        .merge(invoices::routes())
        .merge(prices::routes())
        .merge(reports::routes())
        .merge(finance::routes())
        .merge(disputes::routes())
        .merge(clients::routes())
        .merge(history::routes())
        .merge(portal::routes())
        .merge(settings::routes())
        .fallback(async || Failure::NotFound)
        .method_not_allowed_fallback(async || Failure::NotFound)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(site.clone(), edge::edge))
        .with_state(site);
    Ok(router)
}
