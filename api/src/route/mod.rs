//! One declaration per route: beside its handler stands what it asks of its callers.
//!
//! Method, path and types come from the handler, everything else from its [`Rule`]; the router, the OpenAPI document, the
//! audit log, `cleaning routes` and the tests read nothing else. There is no way to add a handler without a rule.

mod declared;
mod guard;
mod rule;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::{OpenApi, OpenApiBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

pub use self::declared::Declared;
use self::guard::Post;
pub(crate) use self::guard::unknown;
pub(crate) use self::rule::{Key, Rule, client, monitor, owner, public, signed_in, staff, worker};
use crate::state::AppState;

/// Handlers and their rules, before there is a state to run them with.
#[derive(Default)]
pub(crate) struct Routes {
    handlers: Vec<(UtoipaMethodRouter<AppState>, Rule)>,
}

impl Routes {
    /// Adds one handler, made by `routes!`.
    pub(crate) fn add(mut self, handler: UtoipaMethodRouter<AppState>, rule: Rule) -> Self {
        self.handlers.push((handler, rule));
        self
    }

    /// Adds all that `other` has.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.handlers.extend(other.handlers);
        self
    }

    /// What was declared, in order.
    pub(crate) fn declared(&self) -> Vec<Declared> {
        self.handlers.iter().flat_map(|((_, paths, _), rule)| declared::of(paths, *rule)).collect()
    }

    /// The document as the handlers describe themselves.
    pub(crate) fn into_openapi(self) -> OpenApi {
        let handlers = self.handlers.into_iter().map(|(handler, _)| handler);
        let all = OpenApiRouter::with_openapi(OpenApiBuilder::new().build());
        handlers.fold(all, OpenApiRouter::routes).into_openapi()
    }

    /// The router: before each handler stands the guard of its rule.
    pub(crate) fn into_router(self, state: &AppState) -> Router<AppState> {
        let mut all = OpenApiRouter::new();
        for ((schemas, paths, handler), rule) in self.handlers {
            let rule = Rule { success: declared::success(&paths), ..rule };
            // A file is counted as it comes.
            let handler =
                if rule.takes_file { handler.layer(DefaultBodyLimit::disable()) } else { handler };
            let post = Post { rule, of_staff: declared::are_of_staff(&paths) };
            let guarded =
                handler.layer(from_fn_with_state((AppState::clone(state), post), guard::guard));
            all = all.routes((schemas, paths, guarded));
        }
        all.into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use crate::{declared, document, routes};

    #[test]
    fn every_operation_of_the_document_was_declared_and_the_other_way_round() {
        let document = document();
        let mut described = HashSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                assert_eq!(operation["x-access"]["path"], path.as_str(), "{method} {path}");
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
        let declared = declared();
        let all: HashSet<_> =
            declared.iter().map(|one| (one.method.to_owned(), one.path.clone())).collect();
        assert_eq!(all.len(), declared.len(), "declared twice");
        assert_eq!(all, described);
    }

    #[test]
    fn each_schema_has_a_name_of_its_own() {
        let mut known = HashMap::new();
        for ((schemas, _, _), _) in routes().handlers {
            for (name, schema) in schemas {
                let schema = serde_json::to_value(schema).unwrap();
                let other = known.insert(name.clone(), schema.clone());
                assert!(other.is_none_or(|other| other == schema), "{name} stands for two");
            }
        }
    }

    #[test]
    fn staff_routes_name_a_permission_and_what_changes_something_names_its_action() {
        for one in declared() {
            let route = format!("{} {}", one.method, one.path);
            assert_eq!(one.access == "staff", !one.permissions.is_empty(), "{route}");
            let reads = one.method == "GET" || one.path == "/v1/estimate";
            let is_known = one.needs_login() || one.is_of_portal();
            assert!(one.feature.is_none() || is_known, "{route}");
            let told = |action: &str| action.ends_with(".export") || action == "report.read";
            let leaves = reads && one.action.is_some_and(told);
            assert_eq!(one.action.is_none(), reads && !leaves, "{route}");
            let dotted = one.action.is_none_or(|action| action.split('.').count() == 2);
            assert!(dotted, "{route}");
            let admin = one.path.starts_with("/v1/admin/") || one.path.starts_with("/v1/iam/");
            assert!(!admin || one.needs_login(), "{route}");
        }
    }
}
