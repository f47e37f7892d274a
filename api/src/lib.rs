//! HTTP: reads a request, asks the write side or the read side, answers.

mod answer;
mod audit;
mod caller;
mod checkpoints;
mod command;
mod edge;
mod effects;
mod estimate;
mod events;
mod extract;
mod freshness;
mod health;
mod history;
mod leads;
mod limits;
mod metrics;
mod openapi;
mod organisation;
mod problem;
mod request;
mod serve;
mod session;
mod state;
mod subjects;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;

pub use self::health::{Health, Revision};
pub use self::metrics::{Scrape, install_recorder};
pub use self::serve::serve;
pub use self::state::{App, AppState, Clock, Options};

use self::problem::{Code, Problem};

/// Every route, one module per resource.
pub fn router(state: AppState) -> Router {
    let (router, api) = routes().split_for_parts();
    let document = openapi::document(&api);
    metrics::describe(operations(&document));
    let router = if state.docs { router.merge(openapi::routes(&document)) } else { router };
    router
        .fallback(async || Problem::new(Code::NoRoute))
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .layer(DefaultBodyLimit::max(limits::BODY))
        .layer(from_fn_with_state(state.clone(), edge::edge))
        .with_state(state)
}

/// The OpenAPI document of this build.
pub fn document() -> serde_json::Value {
    openapi::document(&routes().into_openapi())
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(problem::routes())
        .merge(session::routes())
        .merge(estimate::routes())
        .merge(leads::routes())
        .merge(audit::routes())
        .merge(subjects::routes())
        .merge(history::routes())
        .merge(events::routes())
        .merge(checkpoints::routes())
        .merge(effects::routes())
}

fn operations(document: &serde_json::Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, _) in methods.as_object().into_iter().flatten() {
            all.push((method.to_uppercase(), path.clone()));
        }
    }
    all
}
