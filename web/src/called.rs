//! What things of the API are called on pages. What stands in no table is its own name in words.

use crate::prices::term;
use crate::shown;

/// How thoroughly a home is cleaned.
pub(crate) const CLEANING: [(&str, &str); 4] = [
    ("standard", "Standard"),
    ("deep", "Deep"),
    ("move_out_empty", "Moving out, empty"),
    ("move_in_empty", "Moving in, empty"),
];

/// What became of a deposit.
pub(crate) const DEPOSIT: [(&str, &str); 5] = [
    ("pending", "not paid yet"),
    ("paid", "paid"),
    ("failed", "the payment did not go through"),
    ("expired", "not paid in time"),
    ("returned", "given back"),
];

/// Fields of forms, a part of their path after the other.
const FIELDS: [(&str, &str); 27] = [
    ("addon_ids", "Extras"),
    ("address_id", "Address"),
    ("address_text", "Address in words"),
    ("assigned_worker_id", "Worker who leads"),
    ("baths", "Bathrooms"),
    ("beds", "Bedrooms"),
    ("captcha_token", "Captcha"),
    ("category_id", "Category"),
    ("client_id", "Client"),
    ("crew", "Who else comes"),
    ("due_date", "Due"),
    ("due_on", "Due"),
    ("duration_minutes", "Minutes"),
    ("ends_at", "End"),
    ("issue_date", "Issued"),
    ("items", "Line"),
    ("lead_worker_id", "Who leads"),
    ("occurred_on", "Day"),
    ("qty", "How many"),
    ("service_type", "Cleaning"),
    ("service_type_id", "Service of the price list"),
    ("starts_at", "Start"),
    ("tax_rate", "Tax in percent"),
    ("tax_type", "Tax"),
    ("team_id", "Team"),
    ("unit_price_cents", "Price"),
    ("worker_id", "Worker"),
];

/// What `name` is called in `table`.
pub(crate) fn find<'a>(table: &'a [(&str, &str)], name: &str) -> Option<&'a str> {
    table.iter().find(|(one, _)| *one == name).map(|(_, label)| *label)
}

/// As [`find`]; what is not there is called as it is.
pub(crate) fn of<'a>(table: &'a [(&str, &str)], name: &'a str) -> &'a str {
    find(table, name).unwrap_or(name)
}

/// A field by its path, as in `items.1.qty`: “Line 2, how many”.
pub(crate) fn field(path: &str) -> String {
    if let Some((_, term)) = term::at(path) {
        return term.label.to_owned();
    }
    let mut said = String::new();
    for part in path.split('.') {
        if let Ok(place) = part.parse::<usize>() {
            said.extend([" ".to_owned(), (place + 1).to_string()]);
            continue;
        }
        let label = find(&FIELDS, part).map_or_else(|| words(part), str::to_owned);
        if said.is_empty() {
            said = label;
        } else {
            said.extend([", ".to_owned(), label.to_lowercase()]);
        }
    }
    said
}

/// A name of the API in words.
pub(crate) fn words(name: &str) -> String {
    shown::capital(&name.trim_end_matches("_cents").replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_called_as_on_the_page() {
        assert_eq!(field("items.1.unit_price_cents"), "Line 2, price");
        assert_eq!(field("assigned_worker_id"), "Worker who leads");
        assert_eq!(field("cash_cents"), "Cash");
        assert_eq!(field("deposit.high_value_cents"), "A visit is dear from");
        assert_eq!(field("preferred_dates.0"), "Preferred dates 1");
        assert_eq!(of(&DEPOSIT, "paid"), "paid");
        assert_eq!(of(&CLEANING, "windows"), "windows");
    }
}
