//! A feature as somebody's screens show it.

use domain::access::Permissions;
use domain::settings::feature::{Feature, Features, is_visible};
use domain::settings::preferences::Preferences;
use serde_json::{Value, json};

/// Everything a screen needs to know about `feature`.
pub(super) fn shown(
    feature: Feature,
    features: Features,
    permissions: Permissions,
    preferences: &Preferences,
) -> Value {
    let hidden = |key: &str| preferences.hidden_keys.contains(key);
    let permission: &'static str = feature.permission().into();
    json!({
        "key": feature.key(),
        "module": feature.module().key(),
        "description": feature.description(),
        "permission": permission,
        "default": feature.default_on(),
        "effective": features.contain(feature),
        "hidden": hidden(feature.key()) || hidden(feature.module().key()),
        "visible": is_visible(feature, features, permissions, hidden),
    })
}
