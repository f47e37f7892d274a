//! The declaration of a route as it is shown: by `cleaning routes`, and in the OpenAPI document.

use serde::Serialize;
use utoipa::openapi::path::{PathItem, Paths};

use super::rule::{Access, Key, Rule};

/// One method of one path, and what it asks of its callers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Declared {
    /// Upper case.
    pub method: &'static str,
    /// With `{parameters}`.
    pub path: String,
    /// `monitor`, `public`, `worker`, `client`, `signed_in`, `staff` or `owner`.
    pub access: &'static str,
    /// Permission keys; one of them is enough.
    pub permissions: Vec<&'static str>,
    /// Key of the feature that must be on.
    pub feature: Option<&'static str>,
    /// What the audit log calls it, as `resource.verb`; `None` where nothing is changed or taken out.
    pub action: Option<&'static str>,
    /// `ignored`, `optional` or `required`.
    pub idempotency_key: &'static str,
    /// What it takes from the limits of whoever asks: `none`, `read`, `write`, `sign_in` or `action`.
    pub rate: &'static str,
    /// Whether it takes a file, as a form of several parts.
    pub takes_file: bool,
}

/// Every method that `paths` have.
pub(super) fn of(paths: &Paths, rule: Rule) -> Vec<Declared> {
    let mut all = Vec::new();
    for (path, item) in &paths.paths {
        all.extend(methods(item).map(|method| Declared::new(method, path, rule)));
    }
    all
}

/// The status that `paths` describe for a success.
pub(super) fn success(paths: &Paths) -> u16 {
    let operations = paths.paths.values().flat_map(|item| {
        [&item.get, &item.post, &item.put, &item.patch, &item.delete].into_iter().flatten()
    });
    let mut statuses = operations.flat_map(|operation| operation.responses.responses.keys());
    let found = statuses.find_map(|status| status.parse().ok().filter(|code| code / 100 == 2));
    found.unwrap_or(200)
}

/// Whether these are routes of staff: what an allow-list, a second factor and the read-only switch protect.
pub(super) fn are_of_staff(paths: &Paths) -> bool {
    paths.paths.keys().any(|path| is_of_staff(path))
}

fn is_of_staff(path: &str) -> bool {
    ["/v1/admin", "/v1/iam"].iter().any(|zone| {
        path.strip_prefix(zone).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn methods(item: &PathItem) -> impl Iterator<Item = &'static str> {
    [
        ("GET", item.get.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
        ("PATCH", item.patch.is_some()),
        ("DELETE", item.delete.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, is_there)| is_there.then_some(name))
}

impl Declared {
    fn new(method: &'static str, path: &str, rule: Rule) -> Self {
        let (access, permissions) = match rule.access {
            Access::Monitor => ("monitor", &[][..]),
            Access::Public => ("public", &[][..]),
            Access::Portal(portal) => (portal.name(), &[][..]),
            Access::SignedIn => ("signed_in", &[][..]),
            Access::Staff(permissions) => ("staff", permissions),
            Access::Owner => ("owner", &[][..]),
        };
        let idempotency_key = match rule.key {
            Key::Ignored => "ignored",
            Key::Optional => "optional",
            Key::Required => "required",
        };
        Self {
            method,
            path: path.to_owned(),
            access,
            permissions: permissions.iter().map(|permission| (*permission).into()).collect(),
            feature: rule.feature.map(Into::into),
            action: rule.action,
            idempotency_key,
            rate: rule.rate.name(),
            takes_file: rule.takes_file,
        }
    }

    /// Whether it carries out a command, which a caller may repeat or make depend on a version.
    pub fn is_command(&self) -> bool {
        self.idempotency_key != "ignored"
    }

    /// Whether an allow-list, a second factor and the read-only switch protect it.
    pub fn is_of_staff(&self) -> bool {
        is_of_staff(&self.path)
    }

    /// Whether only a session at the portal of workers or of clients gets in.
    pub fn is_of_portal(&self) -> bool {
        matches!(self.access, "worker" | "client")
    }

    /// Whether only a login of staff gets in.
    pub fn needs_login(&self) -> bool {
        matches!(self.access, "signed_in" | "staff" | "owner")
    }
}
