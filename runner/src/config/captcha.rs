//! Variables about the captcha of public pages.

use clap::{ArgAction, Args, ValueEnum};
use secrecy::SecretString;
use url::Url;

const HEADING: &str = "Captcha";

/// Who checks that visitors are persons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CaptchaMode {
    /// Nobody.
    #[default]
    Off,
    /// Turnstile of Cloudflare.
    Turnstile,
}

/// How visitors show that they are persons.
#[derive(Args, Clone, Debug)]
pub struct CaptchaConfig {
    /// Whether `CAPTCHA_MODE` counts: the switch to let everybody through for a while.
    #[arg(long, env = "CAPTCHA_ENABLED", default_value_t = true, action = ArgAction::Set, value_name = "BOOL",
        help_heading = HEADING)]
    pub captcha_enabled: bool,
    /// Who checks that whoever asks for an offer or books without a login is a person.
    #[arg(long, env = "CAPTCHA_MODE", value_enum, default_value = "off", help_heading = HEADING)]
    pub captcha_mode: CaptchaMode,
    /// What Turnstile knows the API by; needed with `CAPTCHA_MODE=turnstile`.
    #[arg(long, env = "TURNSTILE_SECRET_KEY", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub turnstile_secret_key: Option<SecretString>,
    /// What Turnstile knows the screens by, for everybody to see; needed with `CAPTCHA_MODE=turnstile`.
    #[arg(long, env = "TURNSTILE_SITE_KEY", value_name = "TEXT", help_heading = HEADING)]
    pub turnstile_site_key: Option<String>,
    /// Where Turnstile is: the API asks it there, and browsers take its widget from there.
    #[arg(long, env = "TURNSTILE_API_BASE", default_value = "https://challenges.cloudflare.com", value_name = "URL",
        help_heading = HEADING)]
    pub turnstile_api_base: Url,
}

impl CaptchaConfig {
    /// Whether visitors are asked.
    pub const fn is_on(&self) -> bool {
        self.captcha_enabled && matches!(self.captcha_mode, CaptchaMode::Turnstile)
    }

    /// How the API checks answers; the rules see to it that there is a secret.
    pub fn options(&self) -> Option<api::CaptchaOptions> {
        let secret = self.turnstile_secret_key.clone().filter(|_| self.is_on())?;
        Some(api::CaptchaOptions { base: self.turnstile_api_base.clone(), secret })
    }

    /// How the screens ask.
    pub fn widget(&self) -> Option<web::Widget> {
        let site_key = self.turnstile_site_key.clone().filter(|_| self.is_on())?;
        Some(web::Widget { site_key, base: self.turnstile_api_base.clone() })
    }
}
