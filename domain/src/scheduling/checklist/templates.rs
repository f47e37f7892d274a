//! The templates of an organisation: what lists are made of.
//!
//! 1. A change is a new version under the same id. Lists of visits are copies: no change reaches them.
//! 2. Versions are numbered for each service, over all of its templates.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::Phase;
use crate::event::{EventSourced, decides, domain_event};
use crate::id::ChecklistTemplateId;
use crate::input::{FieldProblem, Problems, text};
use crate::refusal::{Kind, Refusal};

/// More than anybody chooses from.
const MOST: usize = 100;

/// More than anybody looks at.
const MOST_ITEMS: usize = 100;

/// What lists are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Told apart by this.
    pub template_id: ChecklistTemplateId,
    /// For whoever chooses.
    pub name: String,
    /// For visits of this service; `None` for all that have none of their own.
    pub service_type: Option<String>,
    /// The first of a service is 1.
    pub version: u32,
    /// Whether lists are made of it.
    pub is_active: bool,
    /// In order.
    pub items: Vec<Item>,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What.
    pub label: String,
    /// When.
    pub phase: Phase,
    /// Whether the list is complete without it.
    pub required: bool,
}

/// A template as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// 1 to 120 characters.
    pub name: String,
    /// Up to 100 characters.
    pub service_type: Option<String>,
    /// Whether lists are made of it.
    pub is_active: bool,
    /// 1 to 100.
    pub items: Vec<Item>,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum TemplatesCommand {
    /// Keep a template that is not there yet.
    Add(ChecklistTemplateId, Draft, DateTime<Utc>),
    /// Put another in the place of one that is.
    Replace(ChecklistTemplateId, Draft, DateTime<Utc>),
    /// Keep it no more.
    Retire(ChecklistTemplateId, DateTime<Utc>),
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TemplatesEvent {
    /// Lists are made of this from now on.
    Published {
        /// The whole of it.
        template: Template,
        /// When.
        at: DateTime<Utc>,
    },
    /// And of this no more.
    Retired {
        /// Which.
        template_id: ChecklistTemplateId,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(TemplatesEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum TemplatesError {
    /// There is none.
    #[error("there is no such checklist template")]
    #[strum(serialize = "checklist_template.not_found")]
    NotFound,
    /// The id is in use.
    #[error("this checklist template is there already")]
    #[strum(serialize = "checklist_template.exists")]
    Exists,
    /// Nobody reads that many.
    #[error("there are 100 checklist templates already")]
    #[strum(serialize = "checklist_template.full")]
    Full,
    /// Values that cannot be meant.
    #[error("some values cannot be used")]
    #[strum(serialize = "checklist_template.invalid")]
    Invalid(Problems),
}

impl From<Problems> for TemplatesError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl Refusal for TemplatesError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::Exists | Self::Full => Kind::Conflict,
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
}

/// All templates, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Templates {
    /// Retired ones are gone.
    pub all: Vec<Template>,
}

impl Templates {
    /// One of them.
    pub fn find(&self, id: ChecklistTemplateId) -> Option<&Template> {
        self.all.iter().find(|one| one.template_id == id)
    }

    /// What the list of a visit is made of: the one that is named; else the newest for its service, the newest for all,
    /// or the newest there is.
    pub fn choose(
        &self,
        named: Option<ChecklistTemplateId>,
        service: Option<&str>,
    ) -> Option<&Template> {
        if let Some(id) = named {
            return self.find(id);
        }
        let newest = |fits: &dyn Fn(&Template) -> bool| {
            let fitting = self.all.iter().filter(|one| one.is_active && fits(one));
            fitting.max_by_key(|one| one.version)
        };
        newest(&|one| service.is_some() && one.service_type.as_deref() == service)
            .or_else(|| newest(&|one| one.service_type.is_none()))
            .or_else(|| newest(&|_| true))
    }

    fn decide(&self, command: TemplatesCommand) -> Result<Vec<TemplatesEvent>, TemplatesError> {
        match command {
            TemplatesCommand::Add(id, _, _) if self.find(id).is_some() => {
                Err(TemplatesError::Exists)
            }
            TemplatesCommand::Add(..) if self.all.len() >= MOST => Err(TemplatesError::Full),
            TemplatesCommand::Add(id, draft, at) => {
                let template = self.published(id, draft)?;
                Ok(vec![TemplatesEvent::Published { template, at }])
            }
            TemplatesCommand::Replace(id, draft, at) => {
                let before = self.find(id).ok_or(TemplatesError::NotFound)?;
                let template = self.published(id, draft)?;
                // The number alone makes no other template.
                let is_same = Template { version: before.version, ..template.clone() } == *before;
                Ok(if is_same { vec![] } else { vec![TemplatesEvent::Published { template, at }] })
            }
            TemplatesCommand::Retire(template_id, at) => {
                self.find(template_id).ok_or(TemplatesError::NotFound)?;
                Ok(vec![TemplatesEvent::Retired { template_id, at }])
            }
        }
    }

    fn published(&self, id: ChecklistTemplateId, draft: Draft) -> Result<Template, Problems> {
        let mut wrong = Problems::default();
        let name = wrong.take(text("name", &draft.name, 1..=120)).unwrap_or_default();
        let service = draft.service_type.as_deref();
        let service = service.map(|raw| wrong.take(text("service_type", raw, 0..=100)));
        let service_type = service.flatten().filter(|name| !name.is_empty());
        if !(1..=MOST_ITEMS).contains(&draft.items.len()) {
            wrong.push("items", format!("Input should have from 1 to {MOST_ITEMS} items"));
        }
        let mut items = Vec::with_capacity(draft.items.len().min(MOST_ITEMS));
        for (place, item) in draft.items.into_iter().enumerate().take(MOST_ITEMS) {
            let label = text(&format!("items.{place}.label"), &item.label, 1..=255);
            items.extend(wrong.take(label).map(|label| Item { label, ..item }));
        }
        let of_service = self.all.iter().filter(|one| one.service_type == service_type);
        let version = of_service.map(|one| one.version).max().unwrap_or(0) + 1;
        let (template_id, is_active) = (id, draft.is_active);
        wrong.or(Template { template_id, name, service_type, version, is_active, items })
    }
}

impl Aggregate for Templates {
    const TYPE: &'static str = "checklist_templates";
    type Command = TemplatesCommand;
    type Event = TemplatesEvent;
    type Error = TemplatesError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match event {
            TemplatesEvent::Published { template, .. } => {
                let place = self.all.iter_mut();
                match place.into_iter().find(|one| one.template_id == template.template_id) {
                    Some(place) => *place = template,
                    None => self.all.push(template),
                }
            }
            TemplatesEvent::Retired { template_id, .. } => {
                self.all.retain(|one| one.template_id != template_id);
            }
        }
    }
}

impl EventSourced for Templates {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};
    use uuid::Uuid;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn id(number: u128) -> ChecklistTemplateId {
        Uuid::from_u128(number).into()
    }

    fn item(label: &str) -> Item {
        Item { label: label.to_owned(), phase: Phase::After, required: true }
    }

    fn draft(service: Option<&str>, labels: &[&str]) -> Draft {
        Draft {
            name: "Usual".to_owned(),
            service_type: service.map(str::to_owned),
            is_active: true,
            items: labels.iter().map(|label| item(label)).collect(),
        }
    }

    fn template(number: u128, service: Option<&str>, version: u32, labels: &[&str]) -> Template {
        let Draft { name, service_type, is_active, items } = draft(service, labels);
        Template { template_id: id(number), name, service_type, version, is_active, items }
    }

    fn published(template: &Template) -> TemplatesEvent {
        TemplatesEvent::Published { template: template.clone(), at: NOW }
    }

    fn given(events: &[TemplatesEvent]) -> AggregateTestExecutor<Templates> {
        TestFramework::with(()).given(events.to_vec())
    }

    #[test]
    fn a_change_is_the_next_version_of_its_service_and_no_change_is_none() {
        let first = template(1, Some("deep"), 1, &["Oven"]);
        let again = draft(Some("deep"), &["Oven"]);
        given(&[published(&first)])
            .when(TemplatesCommand::Replace(id(1), again, NOW))
            .then_expect_events(vec![]);
        let changed = draft(Some("deep"), &["Oven", "Fridge"]);
        given(&[published(&first)])
            .when(TemplatesCommand::Replace(id(1), changed, NOW))
            .then_expect_events(vec![published(&template(
                1,
                Some("deep"),
                2,
                &["Oven", "Fridge"],
            ))]);
        given(&[published(&first)])
            .when(TemplatesCommand::Add(id(2), draft(None, &["Keys"]), NOW))
            .then_expect_events(vec![published(&template(2, None, 1, &["Keys"]))]);
    }

    #[test]
    fn what_is_not_there_is_neither_changed_nor_retired_and_what_is_there_is_not_added() {
        let first = template(1, None, 1, &["Keys"]);
        given(&[published(&first)])
            .when(TemplatesCommand::Add(id(1), draft(None, &["Keys"]), NOW))
            .then_expect_error(TemplatesError::Exists);
        given(&[])
            .when(TemplatesCommand::Replace(id(1), draft(None, &["Keys"]), NOW))
            .then_expect_error(TemplatesError::NotFound);
        let retired = TemplatesEvent::Retired { template_id: id(1), at: NOW };
        given(&[published(&first)])
            .when(TemplatesCommand::Retire(id(1), NOW))
            .then_expect_events(vec![retired.clone()]);
        given(&[published(&first), retired])
            .when(TemplatesCommand::Retire(id(1), NOW))
            .then_expect_error(TemplatesError::NotFound);
        let many: Vec<_> = (0..100).map(|n| published(&template(n, None, 1, &["x"]))).collect();
        given(&many)
            .when(TemplatesCommand::Add(id(100), draft(None, &["x"]), NOW))
            .then_expect_error(TemplatesError::Full);
    }

    #[test]
    fn everything_that_cannot_be_meant_is_named() {
        let bad = Draft { name: " ".to_owned(), ..draft(None, &["fine", ""]) };
        let Err(TemplatesError::Invalid(problems)) =
            Templates::default().decide(TemplatesCommand::Add(id(1), bad, NOW))
        else {
            panic!("no name")
        };
        let fields: Vec<_> = problems.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["name", "items.1.label"]);
        let none = Templates::default().decide(TemplatesCommand::Add(id(1), draft(None, &[]), NOW));
        assert!(matches!(none, Err(TemplatesError::Invalid(_))));
    }

    #[test]
    fn the_list_of_a_visit_is_made_of_what_fits_it_best() {
        let all = vec![
            template(1, Some("deep"), 1, &["a"]),
            template(2, Some("deep"), 2, &["a"]),
            template(3, None, 1, &["a"]),
            Template { is_active: false, ..template(4, Some("deep"), 3, &["a"]) },
        ];
        let templates = Templates { all };
        let chosen = |named: Option<u128>, service| {
            templates.choose(named.map(id), service).map(|one| one.template_id)
        };
        assert_eq!(chosen(None, Some("deep")), Some(id(2)));
        assert_eq!(chosen(None, Some("standard")), Some(id(3)));
        assert_eq!(chosen(Some(4), Some("standard")), Some(id(4)));
        assert_eq!(chosen(Some(9), None), None);
        let one = Templates { all: templates.all[..1].to_vec() };
        assert_eq!(one.choose(None, None).map(|one| one.template_id), Some(id(1)));
        assert_eq!(Templates::default().choose(None, None), None);
    }
}
