//! The way to where a card is asked for, which is not here: our forms lead nowhere but here, so it is a link.

use askama::Template;
use serde::Deserialize;

use crate::api::Reply;
use crate::form::Answer;
use crate::page::{self, Frame};

#[derive(Template)]
#[template(path = "pay.html")]
struct PayPage {
    frame: Frame,
    checkout_url: String,
}

#[derive(Deserialize)]
struct Checkout {
    checkout_url: String,
}

/// A page with the link that the API opened.
pub(crate) fn on(frame: Frame, opened: Reply) -> Answer {
    let Checkout { checkout_url } = opened.read()?;
    page::show(&PayPage { frame, checkout_url })
}
