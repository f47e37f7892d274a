//! What somebody wants on their own screens: which entries of the menu they hide.
//!
//! One stream per login, under its id: that of the member, or that of the Basic login, which is made of organisation and
//! name and stays when role or password change. It has nothing to do with what anybody may do.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::event::{EventSourced, domain_event};
use crate::refusal::{Kind, Refusal};

/// More keys than any menu has.
const MOST: usize = 200;

/// Longest key.
const LONGEST: usize = 128;

/// What can be asked.
#[derive(Clone, Debug)]
pub enum PreferencesCommand {
    /// Hide these entries, and no others.
    Hide(BTreeSet<String>),
}

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PreferencesEvent {
    /// From now on these entries are hidden.
    MenuChanged {
        /// All of them.
        hidden_keys: BTreeSet<String>,
    },
}
domain_event!(PreferencesEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum PreferencesError {
    /// A key is none, or there are too many.
    #[error("at most 200 keys of 1 to 128 letters, digits, dots, hyphens and underscores")]
    #[strum(serialize = "preferences.bad_keys")]
    BadKeys,
}

impl Refusal for PreferencesError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// The preferences of one login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Keys of features, or of other entries that a screen has.
    pub hidden_keys: BTreeSet<String>,
}

impl Preferences {
    fn decide(
        &self,
        command: PreferencesCommand,
    ) -> Result<Option<PreferencesEvent>, PreferencesError> {
        let PreferencesCommand::Hide(hidden_keys) = command;
        if hidden_keys.len() > MOST || !hidden_keys.iter().all(|key| is_key(key)) {
            return Err(PreferencesError::BadKeys);
        }
        let changed = hidden_keys != self.hidden_keys;
        Ok(changed.then_some(PreferencesEvent::MenuChanged { hidden_keys }))
    }
}

/// Whatever stands in the log for ever is an entry of a menu and not a text.
fn is_key(key: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=LONGEST).contains(&key.len()) && key.bytes().all(letter)
}

impl Aggregate for Preferences {
    const TYPE: &'static str = "preferences";
    type Command = PreferencesCommand;
    type Event = PreferencesEvent;
    type Error = PreferencesError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        if let Some(event) = self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        let PreferencesEvent::MenuChanged { hidden_keys } = event;
        self.hidden_keys = hidden_keys;
    }
}

impl EventSourced for Preferences {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};

    use super::*;

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    fn changed(hidden: &[&str]) -> PreferencesEvent {
        PreferencesEvent::MenuChanged { hidden_keys: keys(hidden) }
    }

    fn given(events: Vec<PreferencesEvent>) -> AggregateTestExecutor<Preferences> {
        TestFramework::<Preferences>::with(()).given(events)
    }

    #[test]
    fn the_entries_that_are_hidden_are_replaced() {
        given(vec![changed(&["module.leads"])])
            .when(PreferencesCommand::Hide(keys(&["finance.reports"])))
            .then_expect_events(vec![changed(&["finance.reports"])]);
        given(vec![changed(&["module.leads"])])
            .when(PreferencesCommand::Hide(keys(&["module.leads"])))
            .then_expect_events(vec![]);
        given(vec![]).when(PreferencesCommand::Hide(keys(&[]))).then_expect_events(vec![]);
    }

    #[test]
    fn what_is_no_entry_of_a_menu_is_refused() {
        let many: BTreeSet<_> = (0..201).map(|n| format!("k{n}")).collect();
        for bad in [keys(&[""]), keys(&["my secret diary"]), keys(&[&"x".repeat(129)]), many] {
            given(vec![])
                .when(PreferencesCommand::Hide(bad))
                .then_expect_error(PreferencesError::BadKeys);
        }
    }
}
