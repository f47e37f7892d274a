//! The role `web`: screens, for which the API is all there is.

use ring::digest::{SHA256, digest};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::drain;
use crate::config::{AppEnv, Config};

/// Serves the screens on `listener` until `stop`.
pub async fn run(
    config: &Config,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    // Tokens in forms are good for as long as the process lives unless a secret is configured.
    let secret = config
        .auth_secret_key
        .as_ref()
        .map_or_else(crate::secrets::random_key, |secret| secret.expose_secret().to_owned());
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, format!("web forms {secret}").as_bytes()).as_ref());
    let options = ::web::Options {
        api_url: config.api_url.clone(),
        secure_cookies: config.app_env == AppEnv::Prod,
        key,
        widget: config.captcha.widget(),
    };
    ::api::serve(listener, ::web::router(options)?, stop, drain(config)).await;
    Ok(())
}
