//! Words by which staff find clients again.

use crate::input::{self, Problems};

/// Of one client.
const MOST: usize = 30;

/// Trimmed, without empty ones and without the same word twice, whatever its case: the first spelling stays.
pub fn parse(raw: &[String]) -> Result<Vec<String>, Problems> {
    let (mut problems, mut tags) = (Problems::default(), Vec::<String>::new());
    for raw in raw.iter().map(|raw| raw.trim()).filter(|raw| !raw.is_empty()) {
        let Some(tag) = problems.take(input::text("tags", raw, 1..=50)) else { continue };
        let lower = tag.to_lowercase();
        if !tags.iter().any(|known| known.to_lowercase() == lower) {
            tags.push(tag);
        }
    }
    if tags.len() > MOST {
        problems.push("tags", format!("List should have at most {MOST} tags"));
    }
    problems.or(tags)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tags_are_few_trimmed_and_unlike_each_other(
            raw in prop::collection::vec("[ aAbBßéÉ\\-]{0,60}", 0..45),
        ) {
            let Ok(tags) = parse(&raw) else {
                let long = raw.iter().any(|one| one.trim().chars().count() > 50);
                let many: HashSet<_> = raw.iter().map(|one| one.trim().to_lowercase()).collect();
                prop_assert!(long || many.len() > MOST);
                return Ok(());
            };
            prop_assert!(tags.len() <= MOST);
            let unlike: HashSet<_> = tags.iter().map(|tag| tag.to_lowercase()).collect();
            prop_assert_eq!(unlike.len(), tags.len());
            for tag in &tags {
                prop_assert_eq!(tag.trim(), tag.as_str());
                prop_assert!((1..=50).contains(&tag.chars().count()));
                prop_assert!(raw.iter().any(|one| one.trim() == tag));
            }
            // Nothing that was meant is lost, and parsing what was parsed changes nothing.
            for one in raw.iter().map(|one| one.trim()).filter(|one| !one.is_empty()) {
                prop_assert!(unlike.contains(&one.to_lowercase()));
            }
            prop_assert_eq!(parse(&tags).unwrap(), tags);
        }
    }
}
