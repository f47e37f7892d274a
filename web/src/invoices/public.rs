//! An invoice as whoever has its address sees it.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde_json::json;

use super::shape::Invoice;
use crate::api::Command;
use crate::failure::Failure;
use crate::form::Answer;
use crate::leads::payment_id;
use crate::page::{self, Frame};
use crate::visitor::Visitor;
use crate::{SiteState, pay};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/i/{token}", get(show))
        .route("/i/{token}/receipts/{file}", get(receipt))
        .route("/i/{token}/service-agreement.pdf", get(agreement))
        .route("/i/{token}/pay", post(check_out))
}

#[derive(Template)]
#[template(path = "invoice_public.html")]
struct PublicPage {
    frame: Frame,
    invoice: Invoice,
    token: String,
}

/// What stands in an address is nothing but letters, digits and two signs.
fn sound(token: &str) -> Result<&str, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if token.chars().all(plain) { Ok(token) } else { Err(Failure::NotFound) }
}

async fn show(
    State(site): State<SiteState>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Answer {
    if let Some(bare) = token.strip_suffix(".pdf") {
        sound(bare)?;
        return site.api.file(&visitor, &["i", &token]).await;
    }
    let reply = site.api.look_up(&visitor, &["i", sound(&token)?], &[]).await?;
    let frame = Frame::of(&visitor, "");
    page::show(&PublicPage { frame, invoice: reply.read()?, token })
}

async fn receipt(
    State(site): State<SiteState>,
    visitor: Visitor,
    Path((token, file)): Path<(String, String)>,
) -> Answer {
    payment_id(file.trim_end_matches(".pdf"))?;
    site.api.file(&visitor, &["i", sound(&token)?, "receipts", &file]).await
}

async fn agreement(
    State(site): State<SiteState>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Answer {
    site.api.file(&visitor, &["i", sound(&token)?, "service-agreement.pdf"]).await
}

async fn check_out(
    State(site): State<SiteState>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Answer {
    let path = ["i", sound(&token)?, "pay"];
    let reply = site.api.submit(&visitor, Command::post(&path, json!({}), "")).await?;
    pay::on(Frame::of(&visitor, ""), reply)
}
