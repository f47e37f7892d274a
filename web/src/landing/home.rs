//! The home to be cleaned: choices on the form, and how they reach the API.

use serde_json::{Map, Value, json};

use crate::form::Fields;

/// How often.
pub(super) const FREQUENCY: [(&str, &str); 4] = [
    ("one_time", "Once"),
    ("weekly", "Every week"),
    ("biweekly", "Every two weeks"),
    ("monthly", "Every month"),
];

/// Extras that are wanted or not.
pub(super) const SWITCHED: [(&str, &str); 6] = [
    ("add_ons.oven", "Inside the oven"),
    ("add_ons.fridge", "Inside the fridge"),
    ("add_ons.microwave", "Inside the microwave"),
    ("add_ons.cabinets", "Inside the cabinets"),
    ("add_ons.windows_up_to_5", "Up to five windows"),
    ("add_ons.balcony", "Balcony"),
];

/// Extras that are counted.
pub(super) const COUNTED: [(&str, &str); 7] = [
    ("add_ons.linen_beds", "Beds with fresh linen"),
    ("add_ons.steam_armchair", "Armchairs, steamed"),
    ("add_ons.steam_sofa_2", "Two-seat sofas, steamed"),
    ("add_ons.steam_sofa_3", "Three-seat sofas, steamed"),
    ("add_ons.steam_sectional", "Sectionals, steamed"),
    ("add_ons.steam_mattress", "Mattresses, steamed"),
    ("add_ons.carpet_spot", "Carpet spots"),
];

/// Every field of the home.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let plain = ["beds", "baths", "cleaning_type", "frequency", "heavy_grease", "multi_floor"];
    let extras = SWITCHED.into_iter().chain(COUNTED).map(|(name, _)| name);
    plain.into_iter().chain(extras)
}

/// The home as the API takes it. What is no number is handed on as it is: the API says what is wrong with it.
pub(super) fn read(fields: &Fields) -> Value {
    let mut add_ons = Map::new();
    for (name, _) in SWITCHED {
        if !fields.get(name).is_empty() {
            add_ons.insert(bare(name), true.into());
        }
    }
    for (name, _) in COUNTED {
        if fields.filled(name).is_some_and(|count| count != "0") {
            add_ons.insert(bare(name), number(fields.get(name)));
        }
    }
    let choice = |name, usual| fields.filled(name).unwrap_or(usual);
    json!({
        "beds": number(choice("beds", "2")),
        "baths": number(choice("baths", "1")),
        "cleaning_type": choice("cleaning_type", "standard"),
        "frequency": choice("frequency", "one_time"),
        "heavy_grease": !fields.get("heavy_grease").is_empty(),
        "multi_floor": !fields.get("multi_floor").is_empty(),
        "add_ons": add_ons,
    })
}

fn bare(name: &str) -> String {
    name.trim_start_matches("add_ons.").to_owned()
}

fn number(text: &str) -> Value {
    text.parse::<serde_json::Number>().map_or_else(|_| text.into(), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_read_as_the_api_takes_it() {
        let mut fields = Fields::default();
        fields.set("beds", "3");
        fields.set("baths", "1.5");
        fields.set("add_ons.oven", "on");
        fields.set("add_ons.linen_beds", "2");
        fields.set("add_ons.carpet_spot", "0");
        let home = read(&fields);
        assert_eq!((&home["beds"], &home["baths"]), (&json!(3), &json!(1.5)));
        assert_eq!(home["add_ons"], json!({ "oven": true, "linen_beds": 2 }));
        fields.set("beds", "many");
        assert_eq!(read(&fields)["beds"], "many");
    }
}
