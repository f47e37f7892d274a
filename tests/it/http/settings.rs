//! Settings of the organisation: features, clock, hours, and what somebody hides from their own menu.

use chrono::TimeDelta;
use domain::settings::feature::Feature;
use domain::settings::org::{OrgSettings, OrgSettingsCommand};
use serde_json::{Value, json};

use super::submitted;
use crate::harness::App;
use crate::harness::client::Client;
use crate::harness::database::context;

const FEATURES: &str = "/v1/admin/settings/features";
const ORG: &str = "/v1/admin/settings/org";
const PREFERENCES: &str = "/v1/admin/users/me/ui_prefs";

/// What the screens of this login may show, by key.
async fn visible(client: &Client, key: &str) -> bool {
    let answer = client.get("/v1/admin/users/me/features").await;
    let all = answer.ok().body["features"].as_array().unwrap().clone();
    assert_eq!(all.len(), 42);
    all.iter().find(|one| one["key"] == key).unwrap()["visible"].as_bool().unwrap()
}

#[tokio::test]
async fn features_are_decided_by_the_owner_and_replaced_as_a_whole() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let before = owner.get(FEATURES).await;
    assert_eq!(before.ok().body["overrides"], json!({}));
    assert_eq!(before.body["org_id"], json!(app.orgs[0].id));
    assert_eq!(before.body["effective"], before.body["defaults"]);
    assert_eq!(before.body["keys"].as_array().unwrap().len(), 42);

    let some = json!({ "overrides": { "quality.nps": true, "module.quality": true } });
    let decided = owner.patch(FEATURES, &some).await;
    assert_eq!(decided.ok().body["overrides"], some["overrides"]);
    assert_eq!(decided.body["effective"]["quality.nps"], true);
    assert_eq!(decided.body["defaults"]["quality.nps"], false);
    assert_eq!(owner.get(FEATURES).await.body, decided.body);

    let other = json!({ "overrides": { "module.finance": false } });
    let replaced = owner.patch(FEATURES, &other).await;
    assert_eq!(replaced.ok().body["overrides"], other["overrides"]);
    let effective = &replaced.body["effective"];
    assert_eq!(
        (&effective["quality.nps"], &effective["finance.reports"]),
        (&json!(false), &json!(false))
    );
    // Another organisation decides for itself.
    assert_eq!(app.staff_of(1, "owner").get(FEATURES).await.body["overrides"], json!({}));

    app.settle().await;
    let audited = owner.get("/v1/admin/audit-logs?action=features.decide").await;
    assert!(!audited.ok().body["items"].as_array().unwrap().is_empty(), "{}", audited.text);
    let events = owner.get("/v1/admin/events?limit=200").await;
    let kinds: Vec<_> = events.ok().body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["event_type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "feature_overridden").count(), 3, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| *kind == "feature_released").count(), 2, "{kinds:?}");
}

#[tokio::test]
async fn what_is_no_decision_changes_nothing() {
    let app = App::start().await;
    let owner = app.staff("owner");
    for (body, field) in [
        (
            json!({ "overrides": { "module.leads": true, "module.moon": true } }),
            "overrides.module.moon",
        ),
        (json!({ "overrides": { "module.leads": "yes" } }), "overrides.module.leads"),
        (json!({ "overrides": [] }), "overrides"),
        (json!({}), "overrides"),
        (json!({ "overrides": {}, "plan": "pro" }), "plan"),
    ] {
        let refused = owner.patch(FEATURES, &body).await;
        assert_eq!(refused.is(422, "validation_failed").fields(), [field], "{body}");
    }
    let body = json!({ "overrides": {} });
    for role in ["admin", "dispatcher", "viewer"] {
        app.staff(role).patch(FEATURES, &body).await.is(403, "forbidden");
        app.staff(role).get(FEATURES).await.ok();
    }
    app.staff("worker").get(FEATURES).await.is(403, "forbidden");
    app.anyone().get(FEATURES).await.is(401, "unauthenticated");
    assert_eq!(owner.get(FEATURES).await.body["overrides"], json!({}));
    let seen = owner.get(FEATURES).await.header("etag").unwrap_or("\"0\"").to_owned();
    owner.patch(FEATURES, &json!({ "overrides": { "module.leads": true } })).await.ok();
    let late = owner.with("if-match", &seen).patch(FEATURES, &body).await;
    late.is(412, "version_mismatch");
}

#[tokio::test]
async fn a_change_is_known_here_at_once_and_elsewhere_within_five_seconds() {
    let app = App::start().await;
    let owner = app.staff("owner");
    assert!(!visible(&owner, "leads.scoring").await);
    let on = json!({ "overrides": { "module.leads": true, "leads.scoring": true } });
    owner.patch(FEATURES, &on).await.ok();
    assert!(visible(&owner, "leads.scoring").await);

    // Another process switches it off.
    let off = OrgSettingsCommand::DecideFeatures([(Feature::Leads, false)].into());
    let org = app.orgs[0].id;
    app.db
        .bus()
        .execute(&context(org), &org.to_string(), off, |_: &OrgSettings| Value::Null)
        .await
        .unwrap();
    app.advance(TimeDelta::seconds(5));
    assert!(!visible(&owner, "leads.scoring").await);
}

#[tokio::test]
async fn menus_are_ones_own_and_show_what_is_on_of_use_and_not_hidden() {
    let app = App::start().await;
    let (owner, viewer) = (app.staff("owner"), app.staff("viewer"));
    assert_eq!(owner.get(PREFERENCES).await.ok().body, json!({ "hidden_keys": [] }));
    let hidden = json!({ "hidden_keys": ["module.finance", "my.board"] });
    assert_eq!(owner.patch(PREFERENCES, &hidden).await.ok().body, hidden);
    assert_eq!(owner.get(PREFERENCES).await.body, hidden);
    assert_eq!(viewer.get(PREFERENCES).await.body, json!({ "hidden_keys": [] }));
    assert_eq!(app.staff_of(1, "owner").get(PREFERENCES).await.body, json!({ "hidden_keys": [] }));

    assert!(!visible(&owner, "finance.reports").await, "its module is hidden");
    assert!(visible(&owner, "module.pricing").await);
    assert!(!visible(&viewer, "module.pricing").await, "no settings.manage");
    assert!(visible(&viewer, "module.invoices").await);

    for bad in [json!(["two words"]), json!(["x".repeat(129)]), json!([""])] {
        let refused = owner.patch(PREFERENCES, &json!({ "hidden_keys": bad })).await;
        refused.is(422, "preferences.bad_keys");
    }
    owner.patch(PREFERENCES, &json!({ "hidden_keys": "all" })).await.is(422, "validation_failed");
    app.staff("worker").get(PREFERENCES).await.is(403, "forbidden");
    assert_eq!(owner.get(PREFERENCES).await.body, hidden);
}

#[tokio::test]
async fn settings_begin_with_defaults_and_are_changed_in_parts() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let before = owner.get(ORG).await.ok().body.clone();
    assert_eq!(before["timezone"], "America/Edmonton");
    assert_eq!((&before["currency"], &before["language"]), (&json!("CAD"), &json!("en")));
    assert_eq!(before["business_hours"]["sunday"]["enabled"], false);
    assert_eq!(before["holidays"].as_array().unwrap().len(), 10);
    assert_eq!(before["referral_credit_trigger"], "booking_confirmed");
    assert_eq!((&before["finance_ready"], &before["legal_name"]), (&json!(false), &Value::Null));

    let change = json!({
        "timezone": "America/Toronto", "language": "ru", "legal_name": "First Cleaning Ltd",
        "business_hours": { "sunday": { "enabled": true, "start": "10:00", "end": "14:00" } },
        "branding": { "weekly_revenue_goal_cents": 500_000 },
    });
    let keyed = owner.with("idempotency-key", "settings-1");
    let changed = keyed.patch(ORG, &change).await;
    let mut expected = before.clone();
    for name in ["timezone", "language", "legal_name", "branding"] {
        expected[name] = change[name].clone();
    }
    expected["business_hours"]["sunday"] = change["business_hours"]["sunday"].clone();
    assert_eq!(changed.ok().body, expected);
    assert_eq!(app.staff("viewer").get(ORG).await.ok().body, expected);

    owner.patch(ORG, &json!({ "legal_name": null, "branding": { "logo": "x" } })).await.ok();
    let now = owner.get(ORG).await.body.clone();
    assert_eq!(now["legal_name"], Value::Null);
    assert_eq!(now["branding"], json!({ "logo": "x", "weekly_revenue_goal_cents": 500_000 }));
    // A repetition is told what the first was told.
    let again = keyed.patch(ORG, &change).await;
    assert_eq!(again.ok().body, expected);
    assert_eq!(app.staff_of(1, "owner").get(ORG).await.body["timezone"], "America/Edmonton");
}

#[tokio::test]
async fn settings_that_cannot_be_are_named_and_change_nothing() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let refused = owner.patch(ORG, &json!({ "timezone": "Mars/Olympus" })).await;
    assert_eq!(refused.is(422, "validation_failed").fields(), ["timezone"]);
    let many = json!({
        "currency": "EUR", "language": "fr", "tax": 5, "finance_ready": "no",
        "business_hours": { "monday": { "enabled": true, "start": "18:00", "end": "8:00" } },
    });
    let refused = owner.patch(ORG, &many).await;
    let fields = ["currency", "language", "business_hours.monday.end", "finance_ready", "tax"];
    assert_eq!(refused.is(422, "validation_failed").fields(), fields);
    app.staff("admin").patch(ORG, &json!({ "currency": "USD" })).await.is(403, "forbidden");
    app.staff("worker").get(ORG).await.is(403, "forbidden");
    assert_eq!(owner.get(ORG).await.ok().body["currency"], "CAD");
}

#[tokio::test]
async fn holidays_are_days_of_a_year() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let kept = json!({ "holidays": ["boxing_day", "good_friday"] });
    owner.patch(ORG, &kept).await.ok();
    let answer = app.staff("viewer").get("/v1/admin/settings/org/holidays?year=2026").await;
    let items = json!([
        { "key": "good_friday", "date": "2026-04-03" },
        { "key": "boxing_day", "date": "2026-12-26" },
    ]);
    assert_eq!(answer.ok().body, json!({ "year": 2026, "items": items }));
    owner.get("/v1/admin/settings/org/holidays").await.ok();
    let far = owner.get("/v1/admin/settings/org/holidays?year=9999").await;
    assert_eq!(far.is(422, "validation_failed").fields(), ["year"]);
}

#[tokio::test]
async fn days_of_a_search_are_those_of_the_clock_that_was_chosen() {
    let app = App::start().await;
    let owner = app.staff("owner");
    submitted(&app.anyone()).await;
    app.settle().await;
    let list = owner.get("/v1/admin/leads").await;
    let asked = list.ok().body["items"][0]["created_at"].as_str().unwrap().to_owned();
    let asked: chrono::DateTime<chrono::Utc> = asked.parse().unwrap();
    let count = |day: chrono::NaiveDate| {
        let owner = owner.clone();
        async move {
            let path = format!("/v1/admin/leads?from={day}&to={day}");
            owner.get(&path).await.ok().body["total"].as_i64().unwrap()
        }
    };
    // Half the world apart: for at least one of them it is another day than in UTC.
    for (zone, hours) in [("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11)] {
        owner.patch(ORG, &json!({ "timezone": zone })).await.ok();
        let there = (asked + TimeDelta::hours(hours)).date_naive();
        assert_eq!(count(there).await, 1, "{zone}");
        assert_eq!(count(there.succ_opt().unwrap()).await, 0, "{zone}");
        assert_eq!(count(there.pred_opt().unwrap()).await, 0, "{zone}");
    }
}

#[tokio::test]
async fn a_route_of_a_feature_exists_where_it_is_on() {
    const INTEGRATIONS: &str = "/v1/admin/settings/integrations";
    let app = App::start_mailing(2525).await;
    let owner = app.staff("owner");
    let off = owner.get(INTEGRATIONS).await;
    assert_eq!(off.is(403, "feature_disabled").body["detail"], "Disabled by org settings");
    assert_eq!(off.body["errors"][0]["message"], "module.integrations");
    // Who may not even ask learns nothing about features.
    app.staff("admin").get(INTEGRATIONS).await.is(403, "forbidden");

    let on = json!({ "overrides": { "module.integrations": true } });
    owner.patch(FEATURES, &on).await.ok();
    let shown = owner.get(INTEGRATIONS).await;
    let email = json!({
        "mode": "smtp", "from": "office@example.net", "host": "127.0.0.1", "health": "connected",
    });
    assert_eq!(shown.ok().body, json!({ "email": email }));
    app.staff_of(1, "owner").get(INTEGRATIONS).await.is(403, "feature_disabled");
    owner.patch(FEATURES, &json!({ "overrides": {} })).await.ok();
    owner.get(INTEGRATIONS).await.is(403, "feature_disabled");

    let gate = &api::document()["paths"][INTEGRATIONS]["get"]["x-access"]["feature"];
    assert_eq!(gate, "module.integrations");
}

#[tokio::test]
async fn who_runs_an_organisation_sees_the_installation_without_its_secrets() {
    let app = App::start().await;
    let entries = app.staff("admin").get("/v1/admin/config").await;
    let entries = entries.ok().body["entries"].as_array().unwrap().clone();
    let entry = |key: &str| entries.iter().find(|one| one["key"] == key).unwrap().clone();
    assert_eq!(entry("EMAIL_MODE")["value"], "off");
    assert_eq!(entry("PII_MASTER_KEY")["redacted"], true);
    let flags = app.staff("admin").get("/v1/admin/feature-flags").await;
    assert_eq!(flags.ok().body["flags"][0]["key"], "email");
    for path in ["/v1/admin/config", "/v1/admin/feature-flags"] {
        app.staff("dispatcher").get(path).await.is(403, "forbidden");
    }
}
