//! What is on, grouped as the catalogue groups it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::form::Fields;

/// As the API tells them.
#[derive(Deserialize)]
pub(super) struct Features {
    defaults: BTreeMap<String, bool>,
    effective: BTreeMap<String, bool>,
    overrides: BTreeMap<String, bool>,
    /// In the order of the catalogue.
    keys: Vec<String>,
}

/// A module and what belongs to it.
pub(super) struct Module {
    pub(super) name: String,
    pub(super) features: Vec<Feature>,
}

/// One that can be switched.
pub(super) struct Feature {
    pub(super) key: String,
    pub(super) name: String,
    /// Whether somebody asked for it; it counts only while its module is on.
    pub(super) is_asked: bool,
    pub(super) is_on: bool,
    pub(super) is_decided: bool,
}

impl Features {
    /// Every module with its own switch first; features are named after their module.
    pub(super) fn modules(&self) -> Vec<Module> {
        let mut modules: Vec<(&str, Module)> = Vec::new();
        for key in &self.keys {
            let (head, tail) = key.split_once('.').unwrap_or(("", key));
            let group = if head == "module" { tail } else { head };
            let feature = self.feature(key, tail);
            if let Some((_, module)) = modules.iter_mut().find(|(name, _)| *name == group) {
                module.features.push(feature);
            } else {
                let module = Module { name: words(group), features: vec![feature] };
                modules.push((group, module));
            }
        }
        for (_, module) in &mut modules {
            module.features.sort_by_key(|feature| !feature.key.starts_with("module."));
        }
        modules.into_iter().map(|(_, module)| module).collect()
    }

    fn feature(&self, key: &str, name: &str) -> Feature {
        let is = |map: &BTreeMap<String, bool>| map.get(key).copied();
        let is_asked = is(&self.overrides).or(is(&self.defaults)).unwrap_or_default();
        let name =
            if key.starts_with("module.") { "The whole module".to_owned() } else { words(name) };
        Feature {
            key: key.to_owned(),
            name,
            is_asked,
            is_on: is(&self.effective).unwrap_or_default(),
            is_decided: self.overrides.contains_key(key),
        }
    }

    /// The decisions that a form stands for: what is ticked otherwise than the catalogue has it.
    pub(super) fn decided(&self, fields: &Fields) -> Value {
        let ticked = self.keys.iter().map(|key| (key, !fields.get(key).is_empty()));
        let decided = ticked.filter(|(key, on)| self.defaults.get(*key) != Some(on));
        json!({ "overrides": decided.collect::<BTreeMap<_, _>>() })
    }
}

/// `cash_flow` as a reader expects it.
fn words(name: &str) -> String {
    let text = name.replace(['_', '.'], " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Features {
        serde_json::from_value(json!({
            "defaults": { "module.leads": true, "leads.scoring": false, "quality.nps": true },
            "effective": { "module.leads": true, "leads.scoring": true, "quality.nps": true },
            "overrides": { "leads.scoring": true },
            "keys": ["leads.scoring", "module.leads", "quality.nps"],
        }))
        .unwrap()
    }

    #[test]
    fn features_stand_with_their_module_whose_own_switch_comes_first() {
        let modules = features().modules();
        assert_eq!(modules.len(), 2);
        assert_eq!(modules[0].name, "Leads");
        assert_eq!(modules[0].features[0].key, "module.leads");
        assert_eq!(modules[0].features[1].name, "Scoring");
        assert!(modules[0].features[1].is_decided && modules[0].features[1].is_on);
    }

    #[test]
    fn only_what_differs_from_the_catalogue_is_a_decision() {
        let mut fields = Fields::new();
        fields.set("module.leads", "on");
        assert_eq!(features().decided(&fields), json!({ "overrides": { "quality.nps": false } }));
    }
}
