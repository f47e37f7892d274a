//! Every declared route with the parameters that name something, read from the declarations and the description.

use std::sync::LazyLock;

use api::Declared;
use serde_json::Value;

use super::fill::{ALIASES, BODIES, BY_TOKEN, NO_IDS, PAGES, SORTS, STREAMS, THINGS, UNLISTED};

static DOCUMENT: LazyLock<Value> = LazyLock::new(api::document);

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Body,
}

/// A parameter that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) place: Place,
    pub(super) name: String,
}

/// A route, its path as specific as its ids.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) declared: Declared,
    /// As it was declared, for looking it up.
    pub(super) title: String,
    pub(super) path: String,
    pub(super) ids: Vec<Parameter>,
    /// Query parameters that name nothing, of lists.
    pub(super) filters: Vec<String>,
}

impl Route {
    /// What it is sent by whoever may do it.
    pub(super) fn body(&self) -> Option<&'static str> {
        BODIES.iter().find(|(title, _)| *title == self.title).map(|(_, body)| *body)
    }

    pub(super) fn reads(&self) -> bool {
        self.declared.method == "GET"
    }

    pub(super) fn in_path(&self) -> impl Iterator<Item = &Parameter> {
        self.ids.iter().filter(|id| id.place == Place::Path)
    }
}

/// What a parameter names, by the name under which it is made.
pub(super) fn meaning(parameter: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == parameter).map_or(parameter, |(_, name)| name)
}

fn is_known(parameter: &str) -> bool {
    let name = meaning(parameter);
    name == "org_id" || THINGS.iter().any(|thing| thing.name == name)
}

/// Every route, and what cannot be filled about them.
pub(super) fn all() -> (Vec<Route>, Vec<String>) {
    let (mut routes, mut missing) = (Vec::new(), Vec::new());
    for declared in api::declared() {
        if STREAMS.contains(&declared.path.as_str()) {
            continue;
        }
        let sorts = SORTS.iter().find(|(path, _)| *path == declared.path);
        let paths = sorts.map_or_else(
            || vec![declared.path.clone()],
            |(_, paths)| paths.iter().map(|path| (*path).to_owned()).collect(),
        );
        for path in paths {
            routes.push(route(&declared, path, &mut missing));
        }
    }
    (routes, missing)
}

fn route(declared: &Declared, path: String, missing: &mut Vec<String>) -> Route {
    let title = format!("{} {}", declared.method, declared.path);
    let operation = &DOCUMENT["paths"][&declared.path][declared.method.to_lowercase()];
    let is_monitor = declared.access == "monitor" || BY_TOKEN.contains(&declared.path.as_str());
    let mut ids = Vec::new();
    let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for name in in_path.filter(|_| !is_monitor) {
        if !is_known(name) {
            missing.push(format!("{title}: add what {{{name}}} names to THINGS or ALIASES"));
        }
        ids.push(Parameter { place: Place::Path, name: name.to_owned() });
    }
    let (mut filters, mut named) = (Vec::new(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten().map(resolved) {
        if parameter["in"] == "query" {
            let name = parameter["name"].as_str().unwrap();
            if looks_like_an_id(name, &parameter["schema"]) {
                named.push((Place::Query, name));
            } else {
                filters.push(name.to_owned());
            }
        }
    }
    let body = &operation["requestBody"]["content"];
    let fields = resolved(&body["application/json"]["schema"])["properties"].as_object();
    for (name, schema) in fields.into_iter().flatten() {
        if looks_like_an_id(name, schema) {
            named.push((Place::Body, name));
        }
    }
    let unlisted =
        UNLISTED.iter().find(|(route, _)| *route == title).map_or(&[][..], |(_, all)| all);
    named.extend(unlisted.iter().map(|name| (Place::Body, *name)));
    for (place, name) in named {
        if PAGES.contains(&name) {
            filters.push(name.to_owned());
        } else if is_known(name) {
            ids.push(Parameter { place, name: name.to_owned() });
        } else if !NO_IDS.contains(&name) {
            missing.push(format!("{title}: add what `{name}` names to THINGS, ALIASES or NO_IDS"));
        }
    }
    let route = Route { declared: declared.clone(), title, path, ids, filters };
    if body.is_object() && route.body().is_none() {
        missing.push(format!("{}: add what it is sent to BODIES", route.title));
    }
    route
}

/// By its type, or by what such parameters are called.
fn looks_like_an_id(name: &str, schema: &Value) -> bool {
    let is_uuid = schema["format"] == "uuid" || schema["items"]["format"] == "uuid";
    let ends = ["_id", "_ids", "_code", "_token", "_key"].iter().any(|end| name.ends_with(end));
    is_uuid || ends || PAGES.contains(&name)
}

fn resolved(schema: &Value) -> &Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.map_or(schema, |pointer| DOCUMENT.pointer(pointer).unwrap())
}
