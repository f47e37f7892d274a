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
use api::circuit::{self, Circuit};

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

/// The mail channel; without a server it suppresses everything.
pub(super) struct Email {
    from: Mailbox,
    server: Option<Server>,
    clock: api::Clock,
}

/// Where mail is handed in.
struct Server {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    circuit: Circuit,
}

/// In the metrics.
const CIRCUIT: &str = "email";

impl Email {
    pub(super) fn new(config: &Config, clock: api::Clock) -> anyhow::Result<Self> {
        let mut from: Mailbox =
            config.mail.email_from.parse().context("EMAIL_FROM is not an address")?;
        if let Some(name) = &config.mail.email_from_name {
            from.name = Some(name.clone());
        }
        let (threshold, recovery) =
            (config.mail.email_circuit_failure_threshold, config.mail.recovery());
        let server = match config.mail.email_mode {
            EmailMode::Off => {
                circuit::unused(CIRCUIT);
                None
            }
            EmailMode::Smtp => Some(Server {
                transport: transport(config)?,
                circuit: Circuit::new(CIRCUIT, threshold, recovery),
            }),
        };
        Ok(Self { from, server, clock })
    }

    /// Tells whoever asked that the request has arrived.
    pub(super) async fn request_received(&self, effect: Uuid, payload: &Value) -> Attempt {
        if !self.is_on() {
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
        self.server.is_some()
    }

    /// Sends one letter.
    pub(super) async fn send(&self, effect: Uuid, letter: Letter) -> Attempt {
        let Some(server) = &self.server else { return Attempt::Suppressed("email_off") };
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
        if let Err(until) = server.circuit.admit((self.clock)()) {
            return Attempt::Postponed(until);
        }
        let sent = tokio::time::timeout(TIMEOUT, server.transport.send(message)).await;
        let unheard = |why: &str| {
            server.circuit.failed((self.clock)());
            Attempt::Temporary(why.to_owned())
        };
        match sent {
            Ok(Ok(_)) => {
                server.circuit.answered();
                Attempt::Delivered
            }
            Ok(Err(error)) => match error.status() {
                Some(code) => {
                    server.circuit.answered();
                    // The server's words may repeat the address; its code says enough.
                    let said = format!("the server answered {code}");
                    let is_final = error.is_permanent();
                    if is_final { Attempt::Permanent(said) } else { Attempt::Temporary(said) }
                }
                None => unheard("the server could not be reached"),
            },
            Err(_) => unheard("the server did not answer in time"),
        }
    }
}

fn transport(config: &Config) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    let host =
        config.mail.smtp_host.as_deref().context("SMTP_HOST is required when EMAIL_MODE=smtp")?;
    let tls = TlsParameters::new(host.to_owned())?;
    let tls = if config.mail.smtp_port == TLS_FROM_THE_START {
        Tls::Wrapper(tls)
    } else if config.mail.smtp_username.is_some() {
        // A password is never sent in the clear.
        Tls::Required(tls)
    } else {
        Tls::Opportunistic(tls)
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(config.mail.smtp_port)
        .timeout(Some(config.mail.smtp_timeout))
        .tls(tls);
    if let (Some(username), Some(password)) =
        (&config.mail.smtp_username, &config.mail.smtp_password)
    {
        let password = password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(username.clone(), password));
    }
    Ok(builder.build())
}
