//! Prices and terms: changed by owners, published in versions, read by everybody.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::Answer;
use crate::harness::{App, Client};

const BOOK: &str = "/v1/admin/price-book";
const SETTINGS: &str = "/v1/admin/pricing-settings";
const POLICIES: &str = "/v1/admin/booking-policies";
const SERVICES: &str = "/v1/admin/service-types";
const ADDONS: &str = "/v1/admin/addons";

fn id(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_else(|| panic!("no {field}: {body}")).to_owned()
}

async fn delete(owner: &Client, path: &str) -> Answer {
    owner.send(Method::DELETE, path, None).await
}

async fn versions(owner: &Client) -> Vec<Value> {
    let listed = owner.get("/v1/admin/price-book/versions").await;
    listed.ok().body.as_array().unwrap().clone()
}

#[tokio::test]
async fn an_organisation_has_the_built_in_book_until_it_publishes_its_own() {
    let app = App::start().await;
    let (owner, anyone) = (app.staff("owner"), app.anyone());
    let book = owner.get(BOOK).await;
    assert_eq!(
        (&book.ok().body["version"], &book.body["price_book"], &book.body["has_draft"]),
        (&json!(0), &json!("economy/v1"), &json!(false))
    );
    let policies = anyone.get("/v1/settings/booking-policies").await;
    assert_eq!(policies.ok().body["deposit"]["percent"], 0.25);
    assert_eq!(policies.body["cancellation"]["window_hours"], 24);
    assert_eq!(policies.body["org_id"], json!(app.orgs[0].id));
    assert!(policies.body.get("risk").is_none());
    assert_eq!(anyone.get("/v1/settings/pricing").await.ok().body["gst_rate"], 0.0);
    let catalogue = anyone.get("/v1/settings/service-catalog").await;
    assert_eq!(catalogue.ok().body["service_types"], json!([]));
    assert_eq!(catalogue.body["addons"].as_array().unwrap().len(), 13);
    assert_eq!(versions(&owner).await, Vec::<Value>::new());
    owner.get("/v1/admin/price-book/versions/1").await.is(404, "price_book.version_not_found");
}

#[tokio::test]
async fn a_change_holds_at_once_and_is_a_version_that_never_changes() {
    let app = App::start().await;
    let (owner, anyone) = (app.staff("owner"), app.anyone());
    let changed = owner
        .patch(POLICIES, &json!({ "deposit": { "percent": 0.3, "notes": "By transfer" } }))
        .await;
    assert_eq!(changed.ok().body["deposit"]["percent"], 0.3);
    assert_eq!(changed.body["deposit"]["minimum_cents"], 5_000);
    let told = anyone.get("/v1/settings/booking-policies").await;
    assert_eq!(told.ok().body["deposit"]["notes"], "By transfer");
    let rates = json!({ "gst_rate": 0.05, "rates": { "hourly_rate_cents": 4_000 } });
    let settings = owner.patch(SETTINGS, &rates).await;
    assert_eq!(settings.ok().body["gst_rate"], 0.05);
    // Nothing new is no version.
    owner.patch(SETTINGS, &rates).await.ok();
    app.settle().await;
    let listed = versions(&owner).await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!((&listed[0]["version"], &listed[1]["version"]), (&json!(2), &json!(1)));
    let first = owner.get("/v1/admin/price-book/versions/1").await;
    assert_eq!(first.ok().body["settings"]["rates"]["hourly_rate_cents"], 3_500);
    assert_eq!(first.body["booking_policies"]["deposit"]["percent"], 0.3);
    assert_eq!(first.body["hash"], listed[1]["hash"]);
    let paged = owner.get("/v1/admin/price-book/versions?limit=1").await;
    assert_eq!(paged.ok().header("x-next-cursor"), Some("2"));
    // Of another organisation nothing changed.
    let other = app.staff_of(1, "owner").get(POLICIES).await;
    assert_eq!(other.ok().body["deposit"]["percent"], 0.25);
    assert_eq!(versions(&app.staff_of(1, "owner")).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_draft_collects_changes_until_it_is_published_or_discarded() {
    let app = App::start().await;
    let (owner, anyone) = (app.staff("owner"), app.anyone());
    let draft = format!("{BOOK}/draft");
    assert_eq!(owner.post(&draft, &json!({})).await.ok().body["has_draft"], true);
    owner.patch(POLICIES, &json!({ "reschedule": { "notice_hours": 12 } })).await.ok();
    owner.patch(SETTINGS, &json!({ "gst_rate": 0.05 })).await.ok();
    assert_eq!(owner.get(POLICIES).await.ok().body["reschedule"]["notice_hours"], 12);
    let told = anyone.get("/v1/settings/booking-policies").await;
    assert_eq!(told.ok().body["reschedule"]["notice_hours"], 24);
    let published = owner.post("/v1/admin/pricing/reload", &json!({})).await;
    assert_eq!((published.status, &published.body["version"]), (202, &json!(1)));
    assert_eq!(published.body["price_book"], "price-book/v1");
    let told = anyone.get("/v1/settings/booking-policies").await;
    assert_eq!(told.ok().body["reschedule"]["notice_hours"], 12);

    owner.post(&draft, &json!({})).await.ok();
    owner.patch(SETTINGS, &json!({ "gst_rate": 0.15 })).await.ok();
    let book = delete(&owner, &draft).await;
    assert_eq!((&book.ok().body["version"], &book.body["has_draft"]), (&json!(1), &json!(false)));
    assert_eq!(owner.get(SETTINGS).await.ok().body["gst_rate"], 0.05);
}

#[tokio::test]
async fn services_and_what_can_be_had_with_them_are_offered_changed_and_retired() {
    let app = App::start().await;
    let (owner, anyone) = (app.staff("owner"), app.anyone());
    let made = owner
        .post(SERVICES, &json!({ "name": "Standard clean", "base_price_cents": 12_000 }))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let service = format!("{SERVICES}/{}", id(&made.body, "service_type_id"));
    owner
        .post(SERVICES, &json!({ "name": "STANDARD CLEAN" }))
        .await
        .is(409, "service_type.name_taken");
    let oven = json!({ "name": "Oven", "price_cents": 3_000 });
    let oven = owner.post(&format!("{service}/addons"), &oven).await;
    let oven = format!("/v1/admin/service-addons/{}", id(&oven.ok().body, "service_addon_id"));
    owner.patch(&oven, &json!({ "price_cents": 3_300 })).await.ok();
    let changed = owner.patch(&service, &json!({ "default_duration_minutes": 180 })).await;
    assert_eq!(changed.ok().body["addons"][0]["price_cents"], 3_300);
    let told = anyone.get("/v1/settings/service-catalog").await;
    assert_eq!(told.ok().body["service_types"][0]["default_duration_minutes"], 180);
    // Who saw an older book does not overwrite a newer one.
    let stale = owner.with("if-match", "\"1\"").patch(&service, &json!({ "active": false })).await;
    stale.is(412, "version_mismatch");
    owner.patch(&service, &json!({ "active": false })).await.ok();
    let told = anyone.get("/v1/settings/service-catalog").await;
    assert_eq!(told.ok().body["service_types"], json!([]));
    assert_eq!(delete(&owner, &oven).await.status, 204);
    assert_eq!(delete(&owner, &service).await.status, 204);
    owner.get(&service).await.is(404, "service_type.not_found");
    owner.patch(&oven, &json!({ "active": true })).await.is(404, "addon.not_found");
    app.staff_of(1, "owner").get(&service).await.is(404, "service_type.not_found");
}

#[tokio::test]
async fn extras_have_a_code_and_a_price_of_the_organisations_own() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let garage =
        json!({ "code": "garage", "name": "Garage", "price_cents": 5_000, "default_minutes": 45 });
    let made = owner.post(ADDONS, &garage).await;
    assert_eq!(made.status, 201, "{}", made.text);
    owner.post(ADDONS, &garage).await.is(409, "addon.code_taken");
    app.staff_of(1, "owner").post(ADDONS, &garage).await.ok();
    let one = format!("{ADDONS}/{}", id(&made.body, "addon_id"));
    let changed = owner.patch(&one, &json!({ "is_active": false })).await;
    assert_eq!(
        (&changed.ok().body["is_active"], &changed.body["code"]),
        (&json!(false), &json!("garage"))
    );
    let all = owner.get(&format!("{ADDONS}?limit=10")).await;
    assert_eq!(
        (all.ok().body.as_array().unwrap().len(), all.header("x-next-cursor")),
        (10, Some("10"))
    );
    let rest = owner.get(&format!("{ADDONS}?limit=10&cursor=10")).await;
    assert_eq!((rest.ok().body.as_array().unwrap().len(), rest.header("x-next-cursor")), (4, None));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_every_field() {
    let app = App::start().await;
    let owner = app.staff("owner");
    for (route, body, fields) in [
        (
            POLICIES,
            json!({ "deposit": { "percent": 2 }, "cancellation": { "free_hours": 1 } }),
            vec!["deposit.percent", "cancellation.free_hours"],
        ),
        (
            POLICIES,
            json!({ "deposit": { "colour": 1 }, "rules": {} }),
            vec!["deposit.colour", "rules"],
        ),
        (SETTINGS, json!({ "gst_rate": 1.5 }), vec!["gst_rate"]),
        (
            SETTINGS,
            json!({ "rates": { "hourly_rate_cents": -1, "teams": [] } }),
            vec!["rates.hourly_rate_cents", "rates.teams"],
        ),
        (SETTINGS, json!({ "rates": { "add_on_cents": {} } }), vec!["rates.add_on_cents"]),
    ] {
        let refused = owner.patch(route, &body).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert_eq!(refused.fields(), fields, "{body}");
    }
    let refused =
        owner.post(SERVICES, &json!({ "default_duration_minutes": 1, "currency": "cad" })).await;
    assert_eq!(refused.fields(), ["name", "default_duration_minutes", "currency"]);
    assert_eq!(owner.get(BOOK).await.ok().body["version"], 0);
}

#[tokio::test]
async fn whoever_may_not_change_prices_may_read_them() {
    let app = App::start().await;
    let dispatcher = app.staff("dispatcher");
    for route in [BOOK, SETTINGS, POLICIES, SERVICES, ADDONS] {
        dispatcher.get(route).await.ok();
    }
    dispatcher.patch(SETTINGS, &json!({ "gst_rate": 0.05 })).await.is(403, "forbidden");
    dispatcher.patch(POLICIES, &json!({ "risk": { "high_from": 80 } })).await.is(403, "forbidden");
    dispatcher.post("/v1/admin/price-book/publish", &json!({})).await.is(403, "forbidden");
    let off = json!({ "overrides": { "pricing.booking_policies": false } });
    app.staff("owner").patch("/v1/admin/settings/features", &off).await.ok();
    app.staff("owner").get(POLICIES).await.is(403, "feature_disabled");
}
