//! Forms: what was sent, and what the API had to say about each field.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use axum::response::Response;
use serde::Deserialize;

use crate::SiteState;
use crate::failure::{Failure, FieldError};
use crate::obstacle::Obstacle;
use crate::visitor::Staff;

/// The fields of a form as they were sent.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Without surrounding blanks; empty if it was not sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    /// As it was typed.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// `None` if nothing was filled in.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// Whether the field was there, empty or not.
    pub(crate) fn was_sent(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What stands behind `prefix` in the names of everything that was filled in: a list of ticks.
    pub(crate) fn ticked(&self, prefix: &str) -> Vec<&str> {
        let filled = self.0.iter().filter(|(_, value)| !value.trim().is_empty());
        filled.filter_map(|(name, _)| name.strip_prefix(prefix)).collect()
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }
}

/// One form on a page.
#[derive(Clone, Default)]
pub(crate) struct Form {
    /// Tells the forms of a page apart.
    pub(crate) name: String,
    pub(crate) fields: Fields,
    pub(crate) errors: Vec<FieldError>,
    pub(crate) message: String,
    /// What stands in the way, if that is why.
    pub(crate) obstacles: Vec<Obstacle>,
}

static BLANK: Form = Form {
    name: String::new(),
    fields: Fields::new(),
    errors: Vec::new(),
    message: String::new(),
    obstacles: Vec::new(),
};

impl Form {
    pub(crate) fn new(name: &str, fields: Fields) -> Self {
        Self { name: name.to_owned(), fields, ..Self::default() }
    }

    /// With one field that we ourselves cannot read.
    pub(crate) fn with_error(mut self, field: &str, message: &str) -> Self {
        self.errors.push(FieldError { field: field.to_owned(), message: message.to_owned() });
        self
    }

    /// With the reason why it was not accepted.
    pub(crate) fn refused(mut self, failure: &Failure) -> Self {
        failure.detail().clone_into(&mut self.message);
        let Some(refusal) = failure.refusal() else { return self };
        self.errors.clone_from(&refusal.errors);
        self.obstacles = refusal.obstacles();
        if !self.obstacles.is_empty() {
            "This cannot be: something stands in the way.".clone_into(&mut self.message);
        }
        self
    }

    /// This form if it is called `name`, else one that nobody has filled in.
    pub(crate) fn of(&self, name: &str) -> &Self {
        if self.name == name { self } else { &BLANK }
    }

    pub(crate) fn value(&self, field: &str) -> &str {
        self.fields.get(field)
    }

    /// What was filled in, else `otherwise`.
    pub(crate) fn value_or<'a>(&'a self, field: &str, otherwise: &'a str) -> &'a str {
        self.fields.filled(field).unwrap_or(otherwise)
    }

    pub(crate) fn is(&self, field: &str, value: &str) -> bool {
        self.value(field) == value
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        !self.value(field).is_empty()
    }

    /// What is wrong with a field or with a part of it.
    pub(crate) fn error(&self, field: &str) -> Option<String> {
        let about = self.errors.iter().filter(|error| {
            let rest = error.field.strip_prefix(field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        let messages: Vec<&str> = about.map(|error| error.message.as_str()).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    /// What is wrong with fields that the page does not show.
    pub(crate) fn errors_beside(&self, shown: &[&str]) -> Vec<&FieldError> {
        let root = |error: &FieldError| error.field.split('.').next().unwrap_or("").to_owned();
        self.errors.iter().filter(|error| !shown.contains(&root(error).as_str())).collect()
    }
}

/// A form sent by somebody who is signed in, from a page of that very session.
pub(crate) struct StaffForm {
    pub(crate) staff: Staff,
    pub(crate) fields: Fields,
}

impl FromRequest<SiteState> for StaffForm {
    type Rejection = Failure;

    async fn from_request(request: Request, site: &SiteState) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let staff = <Staff as axum::extract::FromRequestParts<SiteState>>::from_request_parts(
            &mut parts, site,
        )
        .await?;
        let fields = read(Request::from_parts(parts, body), site).await?;
        if !site.tokens.is_csrf(&staff.session.id, fields.get("csrf")) {
            return Err(Failure::Forged);
        }
        Ok(Self { staff, fields })
    }
}

/// A form sent by anybody.
pub(crate) struct PublicForm(pub(crate) Fields);

impl FromRequest<SiteState> for PublicForm {
    type Rejection = Failure;

    async fn from_request(request: Request, site: &SiteState) -> Result<Self, Failure> {
        read(request, site).await.map(Self)
    }
}

async fn read(request: Request, site: &SiteState) -> Result<Fields, Failure> {
    let form = axum::Form::<Fields>::from_request(request, site).await;
    form.map(|axum::Form(fields)| fields).map_err(|_| Failure::Unreadable)
}

/// What a handler of these pages answers.
pub(crate) type Answer = Result<Response, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(field: &str, message: &str) -> Form {
        Form::default().with_error(field, message)
    }

    #[test]
    fn an_error_is_shown_at_its_field_and_only_there() {
        let form = wrong("preferred_dates.0", "Too long").with_error("structured_inputs.beds", "x");
        assert_eq!(form.error("preferred_dates").as_deref(), Some("Too long"));
        assert_eq!(form.error("preferred"), None);
        let beside = form.errors_beside(&["preferred_dates"]);
        assert_eq!(beside.len(), 1);
        assert_eq!(beside[0].field, "structured_inputs.beds");
    }

    #[test]
    fn only_the_form_that_was_sent_keeps_its_values() {
        let mut fields = Fields::default();
        fields.set("note", " hi ");
        let form = Form::new("note", fields);
        assert_eq!(form.of("note").value("note"), "hi");
        assert_eq!(form.of("quote").value("note"), "");
    }
}
