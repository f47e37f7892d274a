//! The list of one visit: begun once, gone through, and complete when everything required is checked.
//!
//! 1. It is a copy: whatever becomes of its template, its items stay.
//! 2. What is complete stays as it is.
//! 3. Asking for what already holds changes nothing and is not an error.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use super::Phase;
use super::templates::Template;
use crate::event::{EventSourced, decides, domain_event};
use crate::id::{BookingId, ChecklistTemplateId, RunItemId, SubjectId};
use crate::input::{FieldProblem, Problems, free_text};
use crate::personal::Personal;
use crate::refusal::{Kind, Refusal};

/// The list of a visit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checklist {
    /// Not begun.
    #[default]
    Absent,
    /// Begun.
    Known(Box<Run>),
}

/// What is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Of which visit.
    pub booking: BookingId,
    /// What it was made of.
    pub template_id: ChecklistTemplateId,
    /// Which version of that.
    pub template_version: u32,
    /// As the template was called.
    pub name: String,
    /// In order.
    pub items: Vec<RunItem>,
    /// Since when.
    pub started_at: DateTime<Utc>,
    /// Since when it is complete.
    pub completed_at: Option<DateTime<Utc>>,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunItem {
    /// Told apart by this.
    pub run_item_id: RunItemId,
    /// What.
    pub label: String,
    /// When.
    pub phase: Phase,
    /// Whether the list is complete without it.
    pub required: bool,
    /// Since when it is checked.
    pub checked_at: Option<DateTime<Utc>>,
    /// What was seen.
    pub note: Option<Personal<String>>,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum ChecklistCommand {
    /// Begin.
    Start {
        /// Of which visit.
        booking: BookingId,
        /// Made of what.
        template: Template,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Check something or uncheck it, and say what was seen; what is `None` stays.
    Mark {
        /// What.
        item: RunItemId,
        /// Whether it is checked.
        checked: Option<bool>,
        /// What was seen.
        note: Option<String>,
        /// Whose words these are.
        subject: SubjectId,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Be done with it.
    Complete {
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChecklistEvent {
    /// It began.
    Started {
        /// Of which visit.
        booking: BookingId,
        /// Made of what, as it was then.
        template: Template,
        /// When.
        at: DateTime<Utc>,
    },
    /// Something is done.
    ItemChecked {
        /// What.
        item: RunItemId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is not after all.
    ItemUnchecked {
        /// What.
        item: RunItemId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody says what was seen.
    ItemNoted {
        /// At what.
        item: RunItemId,
        /// In words.
        note: Personal<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Everything required is done.
    Completed {
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(ChecklistEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum ChecklistError {
    /// Nobody began.
    #[error("this visit has no checklist yet")]
    #[strum(serialize = "checklist.not_found")]
    NotFound,
    /// Nothing to make one of.
    #[error("there is no checklist template")]
    #[strum(serialize = "checklist.no_template")]
    NoTemplate,
    /// Not on this list.
    #[error("there is no such item on this checklist")]
    #[strum(serialize = "checklist.item_not_found")]
    ItemNotFound,
    /// It stays as it is.
    #[error("this checklist is complete")]
    #[strum(serialize = "checklist.completed")]
    Completed,
    /// Something is left to do.
    #[error("required items are not checked")]
    #[strum(serialize = "checklist.open")]
    Open(Vec<String>),
    /// Values that cannot be meant.
    #[error("some values cannot be used")]
    #[strum(serialize = "checklist.invalid")]
    Invalid(Problems),
}

impl From<Problems> for ChecklistError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl Refusal for ChecklistError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::ItemNotFound | Self::NoTemplate => Kind::NotFound,
            Self::Completed => Kind::Conflict,
            Self::Open(_) => Kind::Rule,
            Self::Invalid(_) => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn problems(&self) -> &[FieldProblem] {
        match self {
            Self::Invalid(problems) => problems.as_slice(),
            _ => &[],
        }
    }

    fn member(&self) -> Option<(&'static str, Value)> {
        match self {
            Self::Open(labels) => Some(("open", json!(labels))),
            _ => None,
        }
    }
}

impl Checklist {
    /// What is known, if it was begun.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Self::Absent => None,
            Self::Known(run) => Some(run),
        }
    }

    /// Whether something on it is left to do, or nobody began.
    pub fn is_open(&self) -> bool {
        self.run().is_none_or(|run| run.completed_at.is_none())
    }

    fn decide(&self, command: ChecklistCommand) -> Result<Vec<ChecklistEvent>, ChecklistError> {
        use ChecklistCommand as C;

        match (self, command) {
            (Self::Absent, C::Start { booking, template, now }) => {
                Ok(vec![ChecklistEvent::Started { booking, template, at: now }])
            }
            (Self::Known(_), C::Start { .. }) => Ok(Vec::new()),
            (Self::Absent, _) => Err(ChecklistError::NotFound),
            (Self::Known(run), C::Mark { item, checked, note, subject, now }) => {
                run.mark(item, checked, note.as_deref(), (subject, now))
            }
            (Self::Known(run), C::Complete { now }) => run.complete(now),
        }
    }
}

impl Run {
    fn mark(
        &self,
        id: RunItemId,
        checked: Option<bool>,
        note: Option<&str>,
        (subject, at): (SubjectId, DateTime<Utc>),
    ) -> Result<Vec<ChecklistEvent>, ChecklistError> {
        let item = self.items.iter().find(|one| one.run_item_id == id);
        let item = item.ok_or(ChecklistError::ItemNotFound)?;
        if self.completed_at.is_some() {
            return Err(ChecklistError::Completed);
        }
        let mut events = Vec::new();
        match checked.filter(|checked| *checked != item.checked_at.is_some()) {
            Some(true) => events.push(ChecklistEvent::ItemChecked { item: id, at }),
            Some(false) => events.push(ChecklistEvent::ItemUnchecked { item: id, at }),
            None => {}
        }
        let note = note.map(|words| free_text("note", words, 1..=1000)).transpose()?;
        if let Some(words) = note
            && item.note.as_ref().and_then(Personal::open) != Some(&words)
        {
            let note = Personal::of(subject, words);
            events.push(ChecklistEvent::ItemNoted { item: id, note, at });
        }
        Ok(events)
    }

    fn complete(&self, at: DateTime<Utc>) -> Result<Vec<ChecklistEvent>, ChecklistError> {
        if self.completed_at.is_some() {
            return Ok(Vec::new());
        }
        let open = self.items.iter().filter(|one| one.required && one.checked_at.is_none());
        let open: Vec<String> = open.map(|one| one.label.clone()).collect();
        if !open.is_empty() {
            return Err(ChecklistError::Open(open));
        }
        Ok(vec![ChecklistEvent::Completed { at }])
    }

    fn item(&mut self, id: RunItemId) -> Option<&mut RunItem> {
        self.items.iter_mut().find(|one| one.run_item_id == id)
    }
}

fn begun(booking: BookingId, template: Template, at: DateTime<Utc>) -> Run {
    let id = |place: usize| Uuid::new_v5(&booking.as_uuid(), place.to_string().as_bytes()).into();
    let item = |(place, item): (usize, super::templates::Item)| RunItem {
        run_item_id: id(place),
        label: item.label,
        phase: item.phase,
        required: item.required,
        checked_at: None,
        note: None,
    };
    Run {
        booking,
        template_id: template.template_id,
        template_version: template.version,
        name: template.name,
        items: template.items.into_iter().enumerate().map(item).collect(),
        started_at: at,
        completed_at: None,
    }
}

impl Aggregate for Checklist {
    const TYPE: &'static str = "checklist";
    type Command = ChecklistCommand;
    type Event = ChecklistEvent;
    type Error = ChecklistError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        use ChecklistEvent as E;

        match (self, event) {
            (absent @ Self::Absent, E::Started { booking, template, at }) => {
                *absent = Self::Known(Box::new(begun(booking, template, at)));
            }
            (Self::Known(run), event) => match event {
                E::ItemChecked { item, at } => {
                    run.item(item).into_iter().for_each(|one| one.checked_at = Some(at));
                }
                E::ItemUnchecked { item, .. } => {
                    run.item(item).into_iter().for_each(|one| one.checked_at = None);
                }
                E::ItemNoted { item, note, .. } => {
                    run.item(item).into_iter().for_each(|one| one.note = Some(note.clone()));
                }
                E::Completed { at } => run.completed_at = Some(at),
                E::Started { .. } => {}
            },
            // A stream starts with its beginning; reading must not fail on one that does not.
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Checklist {}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};

    use super::super::templates::Item;
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn booking() -> BookingId {
        Uuid::from_u128(1).into()
    }

    fn started() -> ChecklistEvent {
        let item =
            |label: &str, required| Item { label: label.to_owned(), phase: Phase::After, required };
        let template = Template {
            template_id: Uuid::from_u128(2).into(),
            name: "Usual".to_owned(),
            service_type: None,
            version: 3,
            is_active: true,
            items: vec![item("Oven", true), item("Balcony", false)],
        };
        ChecklistEvent::Started { booking: booking(), template, at: at(0) }
    }

    fn id(place: usize) -> RunItemId {
        Uuid::new_v5(&booking().as_uuid(), place.to_string().as_bytes()).into()
    }

    fn mark(item: RunItemId, checked: Option<bool>, note: Option<&str>) -> ChecklistCommand {
        let (note, subject) = (note.map(str::to_owned), Uuid::from_u128(7).into());
        ChecklistCommand::Mark { item, checked, note, subject, now: at(5) }
    }

    fn given(events: &[ChecklistEvent]) -> AggregateTestExecutor<Checklist> {
        TestFramework::with(()).given(events.to_vec())
    }

    #[test]
    fn a_list_is_begun_once_and_is_a_copy_of_its_template() {
        let ChecklistEvent::Started { booking, template, .. } = started() else { panic!() };
        let start = ChecklistCommand::Start { booking, template, now: at(0) };
        given(&[]).when(start.clone()).then_expect_events(vec![started()]);
        given(&[started()]).when(start).then_expect_events(vec![]);
        given(&[])
            .when(ChecklistCommand::Complete { now: at(1) })
            .then_expect_error(ChecklistError::NotFound);
    }

    #[test]
    fn items_are_checked_unchecked_and_noted_and_twice_is_once() {
        let checked = ChecklistEvent::ItemChecked { item: id(0), at: at(5) };
        given(&[started()])
            .when(mark(id(0), Some(true), None))
            .then_expect_events(vec![checked.clone()]);
        given(&[started(), checked.clone()])
            .when(mark(id(0), Some(true), None))
            .then_expect_events(vec![]);
        given(&[started(), checked])
            .when(mark(id(0), Some(false), Some("greasy")))
            .then_expect_events(vec![
                ChecklistEvent::ItemUnchecked { item: id(0), at: at(5) },
                ChecklistEvent::ItemNoted {
                    item: id(0),
                    note: Personal::of(Uuid::from_u128(7).into(), "greasy".to_owned()),
                    at: at(5),
                },
            ]);
        given(&[started()])
            .when(mark(id(9), Some(true), None))
            .then_expect_error(ChecklistError::ItemNotFound);
    }

    #[test]
    fn a_list_is_complete_when_everything_required_is_checked_and_stays_so() {
        let complete = ChecklistCommand::Complete { now: at(9) };
        given(&[started()])
            .when(complete.clone())
            .then_expect_error(ChecklistError::Open(vec!["Oven".to_owned()]));
        let checked = ChecklistEvent::ItemChecked { item: id(0), at: at(5) };
        let done = ChecklistEvent::Completed { at: at(9) };
        given(&[started(), checked.clone()])
            .when(complete.clone())
            .then_expect_events(vec![done.clone()]);
        given(&[started(), checked.clone(), done.clone()])
            .when(complete)
            .then_expect_events(vec![]);
        given(&[started(), checked, done])
            .when(mark(id(1), Some(true), None))
            .then_expect_error(ChecklistError::Completed);
    }
}
