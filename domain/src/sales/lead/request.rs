//! The public form that makes a lead, read and checked: what comes out may be stored.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::contact::Contact;
use crate::input::{Fields, Problems, hundredths, text};
use crate::sales::estimate::EstimateInput;

/// Longest of most texts, in characters.
const LONG: usize = 255;
/// Longest of the short ones.
const SHORT: usize = 100;
/// Most wishes for a date that anybody will read.
const MOST_DATES: usize = 20;
/// A captcha answer is checked and dropped elsewhere; this only bounds it.
const CAPTCHA: usize = 8192;

/// A request for an offer, checked field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadRequest {
    /// Who asks.
    pub contact: Contact,
    /// What is to be cleaned.
    pub inputs: EstimateInput,
    /// The question at which the chat was left, if it was.
    pub awaiting_field: Option<String>,
    /// The total that the client showed, for drift reports; never used as a price.
    pub quoted_by_client_cents: Option<i64>,
    /// Where they came from.
    pub attribution: Attribution,
    /// The code of whoever sent them, in capitals.
    pub referred_by_code: Option<String>,
}

/// Where a lead came from. Addresses and tags of links may name a person, so `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// Tag of the link.
    pub utm_source: Option<String>,
    /// Tag of the link.
    pub utm_medium: Option<String>,
    /// Tag of the link.
    pub utm_campaign: Option<String>,
    /// Tag of the link.
    pub utm_term: Option<String>,
    /// Tag of the link.
    pub utm_content: Option<String>,
    /// As sent, else the tag.
    pub source: Option<String>,
    /// As sent, else the tag.
    pub campaign: Option<String>,
    /// As sent, else the tag `term`.
    pub keyword: Option<String>,
    /// As sent, else the tag `content`.
    pub landing_page: Option<String>,
    /// Address of the page that linked here.
    pub referrer: Option<String>,
}

impl std::fmt::Debug for Attribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attribution(..)")
    }
}

impl Attribution {
    /// With tags from `nested` where the top level left them out, and the plain fields from the tags.
    #[must_use]
    pub fn derived(self, nested: Self) -> Self {
        let utm_source = self.utm_source.or(nested.utm_source);
        let utm_campaign = self.utm_campaign.or(nested.utm_campaign);
        let utm_term = self.utm_term.or(nested.utm_term);
        let utm_content = self.utm_content.or(nested.utm_content);
        Self {
            source: self.source.or_else(|| utm_source.clone()),
            campaign: self.campaign.or_else(|| utm_campaign.clone()),
            keyword: self.keyword.or_else(|| utm_term.clone()),
            landing_page: self.landing_page.or_else(|| utm_content.clone()),
            referrer: self.referrer,
            utm_medium: self.utm_medium.or(nested.utm_medium),
            utm_source,
            utm_campaign,
            utm_term,
            utm_content,
        }
    }

    fn tags(fields: &mut Fields<'_>) -> Self {
        Self {
            utm_source: fields.text("utm_source", SHORT),
            utm_medium: fields.text("utm_medium", SHORT),
            utm_campaign: fields.text("utm_campaign", SHORT),
            utm_term: fields.text("utm_term", SHORT),
            utm_content: fields.text("utm_content", SHORT),
            ..Self::default()
        }
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        let own = Self {
            source: fields.text("source", SHORT),
            campaign: fields.text("campaign", SHORT),
            keyword: fields.text("keyword", SHORT),
            landing_page: fields.text("landing_page", LONG),
            referrer: fields.text("referrer", LONG),
            ..Self::tags(fields)
        };
        let nested = fields.optional("utm").map(|json| Fields::of(json, &fields.path("utm")));
        let nested = nested.and_then(|result| fields.problems.take(result));
        let nested = nested.map(|mut nested| {
            let tags = Self::tags(&mut nested);
            fields.problems.absorb(nested.finish());
            tags
        });
        own.derived(nested.unwrap_or_default())
    }
}

impl LeadRequest {
    /// Reads the body of a request. Every problem is named at once, missing fields included.
    pub fn parse(json: &Value) -> Result<Self, Problems> {
        let mut fields = Fields::of(json, "")?;
        let mut contact = contact(&mut fields);
        let (inputs, awaiting_field) = structured_inputs(&mut fields);
        let quoted_by_client_cents = client_total(&mut fields);
        let attribution = Attribution::read(&mut fields);
        let referred_by_code = referral(&mut fields);
        fields.text("captcha_token", CAPTCHA);
        if let Some(dates) = preferred_dates(&mut fields) {
            contact.preferred_dates = dates;
        } else if fields.problems.is_empty() {
            // A rule over the whole form: told only to those who filled in the rest.
            fields.problem("preferred_dates", "At least one preferred date is required");
        }
        fields.finish().or(Self {
            contact,
            inputs,
            awaiting_field,
            quoted_by_client_cents,
            attribution,
            referred_by_code,
        })
    }
}

fn contact(fields: &mut Fields<'_>) -> Contact {
    Contact {
        name: fields.required_text("name", LONG).unwrap_or_default(),
        phone: fields.required_text("phone", 64).unwrap_or_default(),
        email: email(fields),
        address: fields.required_free_text("address", LONG).unwrap_or_default(),
        postal_code: fields.text("postal_code", 32),
        preferred_dates: Vec::new(),
        access_notes: fields.free_text("access_notes", LONG),
        parking: fields.free_text("parking", LONG),
        pets: fields.free_text("pets", LONG),
        allergies: fields.free_text("allergies", LONG),
        notes: fields.free_text("notes", 500),
    }
}

fn email(fields: &mut Fields<'_>) -> Option<String> {
    let email = fields.text("email", LONG)?;
    let looks_right = email.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && !host.contains('@')
            && host.split('.').count() > 1
            && host.split('.').all(|label| !label.is_empty())
            && !email
                .contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c))
    });
    if !looks_right {
        fields.problem("email", "Input should be an e-mail address");
    }
    Some(email)
}

/// The dates that are not blank; `None` if the field is absent or null.
fn preferred_dates(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let value = fields.optional("preferred_dates")?;
    let Some(items) = value.as_array() else {
        fields.problem("preferred_dates", "Input should be a list of texts");
        return Some(Vec::new());
    };
    if items.len() > MOST_DATES {
        fields.problem("preferred_dates", &format!("At most {MOST_DATES} dates are permitted"));
        return Some(Vec::new());
    }
    let mut dates = Vec::new();
    let mut all_texts = true;
    for (index, item) in items.iter().enumerate() {
        let name = format!("preferred_dates.{index}");
        let Some(raw) = item.as_str() else {
            fields.problem(&name, "Input should be a valid string");
            all_texts = false;
            continue;
        };
        let checked = text(&fields.path(&name), raw, 0..=LONG);
        all_texts &= checked.is_ok();
        dates.extend(fields.problems.take(checked).filter(|date| !date.is_empty()));
    }
    if dates.is_empty() && all_texts {
        fields.problem("preferred_dates", "At least one preferred date is required");
    }
    Some(dates)
}

fn structured_inputs(fields: &mut Fields<'_>) -> (EstimateInput, Option<String>) {
    let nested = fields
        .required("structured_inputs")
        .map(|json| Fields::of(json, &fields.path("structured_inputs")));
    let Some(mut nested) = nested.and_then(|result| fields.problems.take(result)) else {
        return (EstimateInput::default(), None);
    };
    let inputs = EstimateInput::read(&mut nested);
    let awaiting_field = nested.text("awaiting_field", SHORT);
    // The name of a question, which stands in the log as it is, and no room for words about anybody.
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if awaiting_field.as_deref().is_some_and(|name| !name.chars().all(is_name)) {
        nested.problem("awaiting_field", "Input should be the name of a field");
    }
    fields.problems.absorb(nested.finish());
    (inputs, awaiting_field)
}

/// The estimate that the client was shown. Prices are computed here, so only its total is of interest.
fn client_total(fields: &mut Fields<'_>) -> Option<i64> {
    let json = fields.required("estimate_snapshot")?;
    let Some(snapshot) = json.as_object() else {
        fields.problem("estimate_snapshot", "Input should be an object");
        return None;
    };
    let total = snapshot.get("total_before_tax").filter(|total| !total.is_null())?;
    let cents = total.as_number().and_then(hundredths);
    if cents.is_none() {
        fields.problem(
            "estimate_snapshot.total_before_tax",
            "Input should be a number of at least 0",
        );
    }
    cents
}

fn referral(fields: &mut Fields<'_>) -> Option<String> {
    let code = fields.text("referral_code", 16)?;
    if code.chars().count() < 4 {
        fields.problem("referral_code", "String should have at least 4 characters");
    }
    Some(code.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body() -> Value {
        json!({
            "name": " Dana K. ", "phone": "780-555-0199", "email": "dana@example.org",
            "postal_code": "T5K 1A1", "address": "9 Sample Rd",
            "preferred_dates": ["Tue morning", " "], "pets": "one cat", "parking": "",
            "structured_inputs": { "beds": 2, "baths": 1, "cleaning_type": "deep",
                "heavy_grease": null, "add_ons": { "oven": true, "linen_beds": 2 },
                "awaiting_field": "frequency" },
            "estimate_snapshot": { "total_before_tax": 176.1, "anything": ["else"] },
            "utm": { "utm_source": "google", "utm_term": "deep clean" },
            "referral_code": "k7q2m9xa", "captcha_token": null
        })
    }

    fn with(path: &str, value: Value) -> Value {
        let mut body = body();
        match path.split_once('.') {
            Some((outer, inner)) => body[outer][inner] = value,
            None => body[path] = value,
        }
        body
    }

    #[test]
    fn a_full_form_is_read() {
        let request = LeadRequest::parse(&body()).unwrap();
        assert_eq!(request.contact.name, "Dana K.");
        assert_eq!(request.contact.preferred_dates, ["Tue morning"]);
        assert_eq!(request.contact.parking, None);
        assert_eq!(request.quoted_by_client_cents, Some(17_610));
        assert_eq!(request.referred_by_code.as_deref(), Some("K7Q2M9XA"));
        assert_eq!(request.awaiting_field.as_deref(), Some("frequency"));
        assert_eq!(request.attribution.source.as_deref(), Some("google"));
        assert_eq!(request.attribution.keyword.as_deref(), Some("deep clean"));
    }

    #[test]
    fn every_missing_field_is_named_at_once() {
        let problems = LeadRequest::parse(&json!({})).unwrap_err();
        let expected = json!([
            { "field": "name", "message": "Field required" },
            { "field": "phone", "message": "Field required" },
            { "field": "address", "message": "Field required" },
            { "field": "structured_inputs", "message": "Field required" },
            { "field": "estimate_snapshot", "message": "Field required" },
        ]);
        assert_eq!(serde_json::to_value(problems).unwrap(), expected);
    }

    #[test]
    fn what_is_sent_wins_over_tags_and_top_level_tags_over_nested_ones() {
        let sent = Attribution {
            source: Some("flyer".to_owned()),
            utm_source: Some("top".to_owned()),
            ..Attribution::default()
        };
        let nested = Attribution {
            utm_source: Some("nested".to_owned()),
            utm_campaign: Some("spring".to_owned()),
            utm_content: Some("banner".to_owned()),
            ..Attribution::default()
        };
        let derived = sent.derived(nested);
        assert_eq!(derived.source.as_deref(), Some("flyer"));
        assert_eq!(derived.utm_source.as_deref(), Some("top"));
        assert_eq!(derived.campaign.as_deref(), Some("spring"));
        assert_eq!(derived.landing_page.as_deref(), Some("banner"));
    }

    #[test]
    fn unusable_values_are_named_by_their_path() {
        let cases = [
            ("name", json!("   "), "name"),
            ("name", json!("x".repeat(256)), "name"),
            ("name", json!(null), "name"),
            ("phone", json!(7_805_550_199_i64), "phone"),
            ("phone", json!("1\u{0}2"), "phone"),
            ("address", json!(""), "address"),
            ("email", json!("dana"), "email"),
            ("email", json!("dana@example"), "email"),
            ("email", json!("da na@example.org"), "email"),
            ("notes", json!("x".repeat(501)), "notes"),
            ("preferred_dates", json!([]), "preferred_dates"),
            ("preferred_dates", json!([" "]), "preferred_dates"),
            ("preferred_dates", json!("Tuesday"), "preferred_dates"),
            ("preferred_dates", json!(["Tue", 3]), "preferred_dates.1"),
            ("preferred_dates", json!(vec!["Tue"; 21]), "preferred_dates"),
            ("preferred_dates", json!(null), "preferred_dates"),
            ("name", json!("\u{200B}"), "name"),
            ("name", json!("a\u{7}b"), "name"),
            ("name", json!("a\nb"), "name"),
            ("notes", json!("a\u{1}b"), "notes"),
            ("preferred_dates", json!(["\u{FEFF}"]), "preferred_dates.0"),
            (
                "structured_inputs.awaiting_field",
                json!("my name"),
                "structured_inputs.awaiting_field",
            ),
            ("structured_inputs", json!([]), "structured_inputs"),
            ("structured_inputs.beds", json!(11), "structured_inputs.beds"),
            ("structured_inputs.rooms", json!(1), "structured_inputs.rooms"),
            (
                "structured_inputs.add_ons",
                json!({ "roof": true }),
                "structured_inputs.add_ons.roof",
            ),
            ("estimate_snapshot", json!(null), "estimate_snapshot"),
            (
                "estimate_snapshot.total_before_tax",
                json!("105"),
                "estimate_snapshot.total_before_tax",
            ),
            ("utm.utm_source", json!("x".repeat(101)), "utm.utm_source"),
            ("utm.other", json!("x"), "utm.other"),
            ("referral_code", json!("abc"), "referral_code"),
            ("referral_code", json!("x".repeat(17)), "referral_code"),
            ("status", json!("WON"), "status"),
        ];
        for (path, value, field) in cases {
            let problems = LeadRequest::parse(&with(path, value)).expect_err(path);
            let found: Vec<_> = problems.as_slice().iter().map(|p| p.field.as_str()).collect();
            assert_eq!(found, [field], "{path}");
        }
    }
}
