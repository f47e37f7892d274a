//! Old events in today's words. Every reader of the log decodes through here.
//!
//! Events change by addition: a new field is an `Option` or has a default, and needs nothing here. Any other change
//! bumps the event's version, and a step below turns the older payload into the newer one; its golden file in
//! `tests/golden/` stays for ever.

use serde_json::{Value, json};

/// From `(aggregate type, event type, version)` to the payload of the next version.
struct Step {
    aggregate_type: &'static str,
    event_type: &'static str,
    from: &'static str,
    to: &'static str,
    /// From the id of the aggregate and the older payload.
    change: fn(&str, Value) -> Value,
}

/// Every step ever needed.
const STEPS: &[Step] = &[
    // Where somebody came from was not held to be personal at first.
    to_2("lead", "submitted", |lead, mut payload| {
        payload["attribution"] = personal(lead, &payload["attribution"]);
        payload
    }),
    // Nor was the question at which they left the chat.
    Step {
        aggregate_type: "lead",
        event_type: "submitted",
        from: "2",
        to: "3",
        change: |lead, payload| personal_if_any(lead, payload, "/awaiting_field"),
    },
    to_2("lead", "quote_drafted", old_offer),
    to_2("lead", "quote_revised", old_offer),
    to_2("lead", "quote_sent", old_offer),
    to_2("lead", "quote_accepted", old_offer),
    // There were no terms but the built-in ones.
    to_2("booking", "requested", built_in_terms),
    to_2("booking", "rescheduled", built_in_terms),
    // Nobody wrote down who gave a reason.
    to_2("booking", "reason_logged", |_, mut payload| {
        (payload["reason_id"], payload["by"]) = (Value::Null, Value::Null);
        payload
    }),
];

const fn to_2(
    aggregate_type: &'static str,
    event_type: &'static str,
    change: fn(&str, Value) -> Value,
) -> Step {
    Step { aggregate_type, event_type, from: "1", to: "2", change }
}

/// What an offer is for was not held to be personal at first, though it is free text; and of old offers nobody knows which
/// prices they were written by.
fn old_offer(lead: &str, mut payload: Value) -> Value {
    payload["terms"]["price_book"] = Value::Null;
    personal_if_any(lead, payload, "/terms/service_type")
}

fn built_in_terms(_: &str, mut payload: Value) -> Value {
    payload["decided_by"] = "economy/v1".into();
    payload
}

fn personal(subject: &str, value: &Value) -> Value {
    json!({ "$personal": { "subject": subject, "value": value } })
}

fn personal_if_any(subject: &str, mut payload: Value, pointer: &str) -> Value {
    if let Some(value) = payload.pointer_mut(pointer).filter(|value| !value.is_null()) {
        *value = personal(subject, value);
    }
    payload
}

/// Whether a payload of this version is read as it stands.
pub fn is_current(aggregate_type: &str, event_type: &str, version: &str) -> bool {
    step(STEPS, aggregate_type, event_type, version).is_none()
}

/// The payload in the version that this build writes; `id` is that of the aggregate.
pub fn upcast(
    (aggregate_type, id): (&str, &str),
    event_type: &str,
    version: &str,
    payload: Value,
) -> Value {
    through(STEPS, (aggregate_type, id), event_type, version, payload)
}

fn through(
    steps: &[Step],
    (aggregate_type, id): (&str, &str),
    event_type: &str,
    version: &str,
    mut payload: Value,
) -> Value {
    let mut version = version;
    while let Some(step) = step(steps, aggregate_type, event_type, version) {
        payload = (step.change)(id, payload);
        version = step.to;
    }
    payload
}

fn step<'a>(
    steps: &'a [Step],
    aggregate_type: &str,
    event_type: &str,
    version: &str,
) -> Option<&'a Step> {
    steps.iter().find(|step| {
        step.aggregate_type == aggregate_type
            && step.event_type == event_type
            && step.from == version
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RENAMED: &[Step] = &[
        Step {
            aggregate_type: "lead",
            event_type: "lost",
            from: "1",
            to: "2",
            change: |_, mut payload| {
                payload["reason"] = payload["why"].take();
                payload
            },
        },
        Step {
            aggregate_type: "lead",
            event_type: "lost",
            from: "2",
            to: "3",
            change: |lead, mut payload| {
                payload["by"] = lead.into();
                payload
            },
        },
    ];

    #[test]
    fn an_old_payload_passes_every_later_step_once() {
        let old = json!({ "why": "price" });
        let new = through(RENAMED, ("lead", "l-1"), "lost", "1", old);
        assert_eq!((&new["reason"], &new["by"]), (&json!("price"), &json!("l-1")));
    }

    #[test]
    fn a_current_payload_is_left_alone() {
        let now = json!({ "reason": "price" });
        assert_eq!(through(RENAMED, ("lead", "l-1"), "lost", "3", now.clone()), now);
    }
}
