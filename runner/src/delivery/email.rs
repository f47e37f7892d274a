//! Mail, by SMTP.

use std::time::Duration;

use anyhow::Context as _;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use serde_json::Value;
use uuid::Uuid;

use super::Attempt;
use crate::config::{Config, EmailMode};

/// For one mail, greeting to acceptance.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The port on which a server speaks TLS from the start.
const TLS_FROM_THE_START: u16 = 465;

/// One mail to one person. It has no `Debug`: it says who and where they are.
pub(super) struct Letter {
    /// Of the person.
    pub(super) name: String,
    /// Where to.
    pub(super) address: String,
    /// In one line.
    pub(super) subject: &'static str,
    /// All of it.
    pub(super) text: String,
}

/// The mail channel; without a transport it suppresses everything.
pub(super) struct Email {
    from: Mailbox,
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
}

impl Email {
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let mut from: Mailbox =
            config.email_from.parse().context("EMAIL_FROM is not an address")?;
        if let Some(name) = &config.email_from_name {
            from.name = Some(name.clone());
        }
        let transport = match config.email_mode {
            EmailMode::Off => None,
            EmailMode::Smtp => Some(transport(config)?),
        };
        Ok(Self { from, transport })
    }

    /// Tells whoever asked that the request has arrived.
    pub(super) async fn request_received(&self, effect: Uuid, payload: &Value) -> Attempt {
        if self.transport.is_none() {
            return Attempt::Suppressed("email_off");
        }
        let contact = &payload["contact"];
        if contact.get("$erased").is_some() {
            return Attempt::Suppressed("subject_erased");
        }
        let contact = &contact["$personal"]["value"];
        let Some(address) = contact["email"].as_str() else {
            return Attempt::Suppressed("no_email_address");
        };
        let name = contact["name"].as_str().unwrap_or_default().to_owned();
        let text = format!(
            "Hello {name},\n\nthank you for your request. We will look at it and get back to you shortly.\n"
        );
        let (address, subject) = (address.to_owned(), "We have received your request");
        self.send(effect, Letter { name, address, subject, text }).await
    }

    /// Whether mail leaves the house at all.
    pub(super) const fn is_on(&self) -> bool {
        self.transport.is_some()
    }

    /// Sends one letter.
    pub(super) async fn send(&self, effect: Uuid, letter: Letter) -> Attempt {
        let Some(transport) = &self.transport else { return Attempt::Suppressed("email_off") };
        let Ok(address) = letter.address.parse() else {
            return Attempt::Permanent("the address is not valid".to_owned());
        };
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(letter.name).filter(|name| !name.is_empty()), address))
            // The same however often it is sent: receivers recognise a repeat.
            .message_id(Some(format!("<{effect}@cleaning>")))
            .subject(letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text);
        let Ok(message) = message else {
            return Attempt::Permanent("the message cannot be written".to_owned());
        };
        match tokio::time::timeout(TIMEOUT, transport.send(message)).await {
            Ok(Ok(_)) => Attempt::Delivered,
            // The server's words may repeat the address; its code says enough.
            Ok(Err(error)) if error.is_permanent() => Attempt::Permanent(said(&error)),
            Ok(Err(error)) => Attempt::Temporary(said(&error)),
            Err(_) => Attempt::Temporary("the server did not answer in time".to_owned()),
        }
    }
}

fn said(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the server answered {code}"),
        None => "the server could not be reached".to_owned(),
    }
}

fn transport(config: &Config) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    let host = config.smtp_host.as_deref().context("SMTP_HOST is required when EMAIL_MODE=smtp")?;
    let tls = TlsParameters::new(host.to_owned())?;
    let tls = if config.smtp_port == TLS_FROM_THE_START {
        Tls::Wrapper(tls)
    } else if config.smtp_username.is_some() {
        // A password is never sent in the clear.
        Tls::Required(tls)
    } else {
        Tls::Opportunistic(tls)
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(config.smtp_port)
        .timeout(Some(config.smtp_timeout))
        .tls(tls);
    if let (Some(username), Some(password)) = (&config.smtp_username, &config.smtp_password) {
        let password = password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(username.clone(), password));
    }
    Ok(builder.build())
}
