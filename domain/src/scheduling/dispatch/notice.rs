//! Somebody is told something about a visit from the desk; that it was tried is kept, whatever came of it.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::event::{EventSourced, domain_event};
use crate::id::{BookingId, WorkerId};
use crate::refusal::{Kind, Refusal};
use crate::settings::org::Language;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident as $case:literal { $($(#[$inner:meta])* $word:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString, VariantNames,
        )]
        #[serde(rename_all = $case)]
        #[strum(serialize_all = $case)]
        pub enum $name {$( $(#[$inner])* $word, )+}
    )+};
}

words! {
    /// Who is told.
    Target as "snake_case" {
        /// The customer.
        Client,
        /// Whoever leads the crew.
        Worker,
    }
    /// In which way.
    Channel as "snake_case" {
        /// A short message to the telephone.
        Sms,
        /// A call.
        Call,
        /// A mail.
        Email,
    }
    /// What came of it.
    Outcome as "snake_case" {
        /// It is on its way; the effect tells what becomes of it.
        Queued,
        /// It was not sent.
        Failed,
    }
    /// Why it was not sent.
    Failure as "snake_case" {
        /// There is no such text.
        UnknownTemplate,
        /// No telephone is known of them.
        MissingPhone,
        /// No address is known of them.
        MissingEmail,
        /// Nobody is to come, so there is nobody to be told.
        NoWorker,
        /// Nothing sends in this way here.
        ChannelUnavailable,
    }
}

/// A text that can be sent.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Template {
    /// Somebody will be there in a quarter of an hour.
    #[serde(rename = "WORKER_EN_ROUTE_15MIN")]
    #[strum(serialize = "WORKER_EN_ROUTE_15MIN")]
    WorkerEnRoute15Min,
    /// Somebody will be later than promised.
    ClientDelayTraffic,
    /// It is clean.
    ClientDone,
}

impl Template {
    /// Subject and text, to whoever is called `name`.
    pub fn text(
        self,
        language: Language,
        name: &str,
        minutes: Option<u32>,
    ) -> (&'static str, String) {
        let later = minutes.unwrap_or(15);
        match (self, language) {
            (Self::WorkerEnRoute15Min, Language::En) => (
                "We are on our way",
                format!("Hello {name},\n\nwe will be with you in about 15 minutes.\n"),
            ),
            (Self::WorkerEnRoute15Min, Language::Ru) => (
                "Мы уже в пути",
                format!("Здравствуйте, {name}!\n\nМы будем у вас примерно через 15 минут.\n"),
            ),
            (Self::ClientDelayTraffic, Language::En) => (
                "We are running late",
                format!(
                    "Hello {name},\n\ntraffic holds us up: we will be about {later} minutes late.\n"
                ),
            ),
            (Self::ClientDelayTraffic, Language::Ru) => (
                "Мы задерживаемся",
                format!(
                    "Здравствуйте, {name}!\n\nИз-за пробок мы опоздаем примерно на {later} мин.\n"
                ),
            ),
            (Self::ClientDone, Language::En) => (
                "Your home is clean",
                format!("Hello {name},\n\nwe are done. Thank you for having us.\n"),
            ),
            (Self::ClientDone, Language::Ru) => (
                "Уборка закончена",
                format!(
                    "Здравствуйте, {name}!\n\nМы закончили уборку. Спасибо, что выбрали нас.\n"
                ),
            ),
        }
    }
}

/// What somebody shall be told, and what is known about how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Told apart by this.
    pub notice_id: Uuid,
    /// About which visit.
    pub booking_id: BookingId,
    /// To whom.
    pub target: Target,
    /// To which worker, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// In which way.
    pub channel: Channel,
    /// Which text; as it was asked for, also where there is none of that name.
    pub template: String,
    /// In which language.
    pub locale: Language,
    /// How late, where the text says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<Failure>,
    /// Login id of whoever asked.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A notice, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchNotice(Option<Box<Notice>>);

impl DispatchNotice {
    /// What was asked for and what came of it.
    pub fn notice(&self) -> Option<&Notice> {
        self.0.as_deref()
    }
}

/// What is known about whoever shall be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that do not depend on each other")]
pub struct Reach {
    /// Whether there is anybody.
    pub is_there: bool,
    /// Whether a telephone is known.
    pub has_phone: bool,
    /// Whether an address is known.
    pub has_email: bool,
    /// Whether mail leaves the house.
    pub mail_is_on: bool,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum NoticeCommand {
    /// Tell it. `outcome` and `error_code` of the notice are decided here.
    Tell {
        /// What.
        notice: Box<Notice>,
        /// How they can be reached.
        reach: Reach,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NoticeEvent {
    /// It was tried.
    Told(Box<Notice>),
}
domain_event!(NoticeEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum NoticeError {
    /// The id is in use.
    #[error("this was told before")]
    #[strum(serialize = "dispatch_notice.already_told")]
    AlreadyTold,
}

impl Refusal for NoticeError {
    fn kind(&self) -> Kind {
        Kind::Conflict
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

fn failure(notice: &Notice, reach: Reach) -> Option<Failure> {
    if notice.template.parse::<Template>().is_err() {
        return Some(Failure::UnknownTemplate);
    }
    if !reach.is_there {
        return Some(Failure::NoWorker);
    }
    match notice.channel {
        Channel::Sms | Channel::Call if !reach.has_phone => Some(Failure::MissingPhone),
        Channel::Sms | Channel::Call => Some(Failure::ChannelUnavailable),
        Channel::Email if !reach.has_email => Some(Failure::MissingEmail),
        Channel::Email if !reach.mail_is_on => Some(Failure::ChannelUnavailable),
        Channel::Email => None,
    }
}

impl Aggregate for DispatchNotice {
    const TYPE: &'static str = "dispatch_notice";
    type Command = NoticeCommand;
    type Event = NoticeEvent;
    type Error = NoticeError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        let NoticeCommand::Tell { mut notice, reach } = command;
        if self.0.is_some() {
            return Err(NoticeError::AlreadyTold);
        }
        notice.error_code = failure(&notice, reach);
        notice.outcome =
            if notice.error_code.is_some() { Outcome::Failed } else { Outcome::Queued };
        sink.write(NoticeEvent::Told(notice), self).await;
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        let NoticeEvent::Told(notice) = event;
        self.0 = Some(notice);
    }
}

impl EventSourced for DispatchNotice {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    const REACHED: Reach =
        Reach { is_there: true, has_phone: true, has_email: true, mail_is_on: true };

    fn notice(channel: Channel, template: &str) -> Notice {
        Notice {
            notice_id: Uuid::from_u128(1),
            booking_id: Uuid::from_u128(2).into(),
            target: Target::Client,
            worker: None,
            channel,
            template: template.to_owned(),
            locale: Language::En,
            minutes: None,
            outcome: Outcome::Queued,
            error_code: None,
            by: "dispatcher".to_owned(),
            at: DateTime::UNIX_EPOCH,
        }
    }

    fn tell(notice: Notice, reach: Reach) -> NoticeCommand {
        NoticeCommand::Tell { notice: Box::new(notice), reach }
    }

    fn comes_to(notice: Notice, reach: Reach, expected: Option<Failure>) {
        let outcome = if expected.is_some() { Outcome::Failed } else { Outcome::Queued };
        let told = Notice { outcome, error_code: expected, ..notice.clone() };
        TestFramework::<DispatchNotice>::with(())
            .given_no_previous_events()
            .when(tell(notice, reach))
            .then_expect_events(vec![NoticeEvent::Told(Box::new(told))]);
    }

    #[test]
    fn what_cannot_be_sent_is_kept_with_its_reason() {
        let done = "CLIENT_DONE";
        comes_to(notice(Channel::Email, done), REACHED, None);
        comes_to(notice(Channel::Email, "HELLO"), REACHED, Some(Failure::UnknownTemplate));
        comes_to(notice(Channel::Sms, done), REACHED, Some(Failure::ChannelUnavailable));
        let no_phone = Reach { has_phone: false, ..REACHED };
        comes_to(notice(Channel::Call, done), no_phone, Some(Failure::MissingPhone));
        let no_email = Reach { has_email: false, ..REACHED };
        comes_to(notice(Channel::Email, done), no_email, Some(Failure::MissingEmail));
        let off = Reach { mail_is_on: false, ..REACHED };
        comes_to(notice(Channel::Email, done), off, Some(Failure::ChannelUnavailable));
        let nobody = Reach { is_there: false, ..REACHED };
        comes_to(notice(Channel::Email, done), nobody, Some(Failure::NoWorker));
    }

    #[test]
    fn nothing_is_told_twice_under_one_id() {
        let once = notice(Channel::Email, "CLIENT_DONE");
        TestFramework::<DispatchNotice>::with(())
            .given(vec![NoticeEvent::Told(Box::new(once.clone()))])
            .when(tell(once, REACHED))
            .then_expect_error(NoticeError::AlreadyTold);
    }

    #[test]
    fn every_text_exists_in_every_language() {
        for name in Template::VARIANTS {
            let template: Template = name.parse().unwrap();
            assert_eq!(serde_json::to_value(template).unwrap(), *name);
            for language in [Language::En, Language::Ru] {
                let (subject, text) = template.text(language, "Zoë", Some(20));
                assert!(!subject.is_empty() && text.contains("Zoë"), "{name}");
            }
        }
        let late = Template::ClientDelayTraffic.text(Language::Ru, "Z", Some(25)).1;
        assert!(late.contains("25"), "{late}");
    }
}
