//! `cleaning routes`: what the API offers, and what each route asks of its callers.

use clap::Args;
use serde_json::json;

use super::{Format, say};

/// Every route with who may ask, the feature that must be on, its name in the audit log, what `Idempotency-Key` means to it,
/// and which limit it counts to.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Routes {
    #[command(flatten)]
    format: Format,
}

impl Routes {
    pub(super) fn run(self) {
        let mut routes = api::declared();
        routes.sort_by(|a, b| (&a.path, a.method).cmp(&(&b.path, b.method)));
        if self.format.json {
            say(json!({ "routes": routes }));
            return;
        }
        let width = routes.iter().map(|route| route.path.len()).max().unwrap_or_default();
        for route in &routes {
            let who = match route.permissions.as_slice() {
                [] => route.access.to_owned(),
                permissions => permissions.join(" or "),
            };
            let feature = route.feature.unwrap_or("-");
            let action = route.action.unwrap_or("-");
            let (method, path, key) = (route.method, &route.path, route.idempotency_key);
            let rate = route.rate;
            say(format_args!(
                "{method:6} {path:width$}  {who:32} {feature:24} {action:24} {key:8} {rate}"
            ));
        }
    }
}
