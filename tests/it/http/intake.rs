//! What anybody may ask: a price, and an offer.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{form, form_of};
use crate::harness::App;

async fn count(app: &App, statement: &str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(&mut app.db.admin().await).await.unwrap()
}

#[tokio::test]
async fn an_estimate_is_priced_by_the_book_in_the_order_clients_know() {
    let app = App::start().await;
    let wish = json!({
        "beds": 3, "baths": 1.5, "cleaning_type": "deep", "heavy_grease": true, "multi_floor": true,
        "frequency": "weekly", "add_ons": { "oven": true, "linen_beds": 2 },
    });
    let answer = app.anyone().post("/v1/estimate", &wish).await;
    // 4.0 h x 1.2 + 1.0 + 0.5 = 6.3 h, two cleaners, 3.5 h each, 7 x 35.00 less a tenth, plus 30 + 20.
    assert_eq!(answer.ok().body["total_before_tax"], json!(270.5));
    assert_eq!(answer.body["discount_amount"], json!(24.5));
    assert_eq!(answer.body["breakdown"]["total_cleaner_hours"], json!(6.3));
    assert!(answer.text.starts_with(
        r#"{"pricing_config_id":"economy","pricing_config_version":"v1","config_hash":"sha256:"#
    ));
    let again = app.anyone().post("/v1/estimate", &wish).await;
    assert_eq!(again.text, answer.text);
    assert_eq!(app.position(0).await, 1);
}

#[tokio::test]
async fn a_request_for_an_offer_is_received_and_shown_to_staff_with_what_follows_from_it() {
    let app = App::start().await;
    let mut wish = form();
    wish["utm_source"] = "letter".into();
    wish["utm"] = json!({ "utm_source": "ignored", "utm_campaign": "spring", "utm_term": "tidy", "utm_content": "/a" });
    wish["keyword"] = "own".into();
    wish["landing_page"] = Value::Null;
    wish["estimate_snapshot"]["total_before_tax"] = 1.into();
    let answer = app.anyone().post("/v1/leads", &wish).await;
    assert_eq!(answer.status, 201);
    let receipt = answer.body.as_object().unwrap();
    assert_eq!(receipt.len(), 3);
    assert!(receipt["next_step_text"].as_str().unwrap().starts_with("Thanks!"));
    let code = receipt["referral_code"].as_str().unwrap();
    assert_eq!(code.len(), 8);
    assert!(code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()));

    app.settle().await;
    let lead = receipt["lead_id"].as_str().unwrap();
    let shown = app.staff("viewer").get(&format!("/v1/admin/leads/{lead}")).await;
    let shown = &shown.ok().body;
    assert_eq!(shown["status"], "NEW");
    for (name, wanted) in [
        ("source", "letter"),
        ("campaign", "spring"),
        ("keyword", "own"),
        ("landing_page", "/a"),
        ("name", "Quilla Zembrowski"),
        ("parking", "behind barn"),
        ("pricing_config_version", "v1"),
        ("referral_code", code),
    ] {
        assert_eq!(shown[name], wanted, "{name}");
    }
    assert_eq!(shown["structured_inputs"]["frequency"], "one_time");
    // The client's own total is not believed.
    assert_eq!(shown["estimate_snapshot"]["total_before_tax"], json!(105.0));
}

#[tokio::test]
async fn the_chat_has_a_route_of_its_own() {
    let app = App::start().await;
    assert_eq!(app.anyone().post("/api/leads", &form()).await.status, 201);
}

#[tokio::test]
async fn the_organisation_is_found_by_host_then_header_then_default() {
    let app = App::start().await;
    sqlx::query("select tenant.put_host($1, 'clean.example')")
        .bind(app.orgs[1].id.as_uuid())
        .execute(&app.db.app)
        .await
        .unwrap();
    let anyone = app.anyone();
    let by_id = app.orgs[1].id.to_string();
    let host = anyone.with("host", "Clean.Example:8000");
    for (client, org) in [
        (anyone.clone(), 0),
        (anyone.with("x-org", "second"), 1),
        (anyone.with("x-org", &by_id), 1),
        (host.clone(), 1),
        // Who owns the address is not asked who it would rather be.
        (host.with("x-org", "first"), 1),
        (anyone.with("host", "unknown.example"), 0),
    ] {
        let before = app.position(org).await;
        client.post("/v1/leads", &form()).await.ok();
        assert_eq!(app.position(org).await, before + 1);
    }
    let lost = anyone.with("x-org", "nobody").post("/v1/leads", &form()).await;
    lost.is(404, "organisation_not_found");
}

#[tokio::test]
async fn a_referral_code_must_be_known_here_and_not_be_ones_own() {
    let app = App::start().await;
    let anyone = app.anyone();
    let code = anyone.post("/v1/leads", &form()).await.body["referral_code"].clone();
    let mut friend = form_of("Otto", "780 555 0001");
    friend["referral_code"] = code.as_str().unwrap().to_lowercase().into();
    anyone.post("/v1/leads", &friend).await.ok();

    let before = (app.position(0).await, app.position(1).await);
    let mut own = form();
    own["referral_code"] = code.clone();
    anyone.post("/v1/leads", &own).await.is(400, "lead.self_referral");
    friend["referral_code"] = "NOPE1234".into();
    anyone.post("/v1/leads", &friend).await.is(400, "lead.unknown_referral_code");
    friend["referral_code"] = code;
    let elsewhere = anyone.with("x-org", "second").post("/v1/leads", &friend).await;
    elsewhere.is(400, "lead.unknown_referral_code");
    assert_eq!((app.position(0).await, app.position(1).await), before);
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_carried_out_once() {
    let app = App::start().await;
    let keyed = app.anyone().with("idempotency-key", "k-1");
    let first = keyed.post("/v1/leads", &form()).await;
    let again = keyed.post("/v1/leads", &form()).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text, again.text);
    assert_eq!(first.position(), again.position());
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(app.position(0).await, 2);

    let mut other = form();
    other["name"] = "Somebody Else".into();
    keyed.post("/v1/leads", &other).await.is(409, "idempotency_key_reused");
    // The other address of the same route is the same request.
    let elsewhere = keyed.post("/api/leads", &form()).await;
    assert_eq!((elsewhere.status, elsewhere.text), (201, first.text));
    assert_eq!(app.position(0).await, 2);
    // Keys of one organisation mean nothing in another.
    assert_eq!(keyed.with("x-org", "second").post("/v1/leads", &form()).await.status, 201);
}

#[tokio::test]
async fn twenty_at_once_under_one_key_make_one_lead() {
    let app = App::start().await;
    let keyed = app.anyone().with("idempotency-key", "rush");
    let wish = form();
    let answers = join_all((0..20).map(|_| keyed.post("/v1/leads", &wish))).await;
    let receipt: Value = answers[0].body.clone();
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.body, receipt);
    }
    let fresh = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none());
    assert_eq!(fresh.count(), 1);
    assert_eq!(count(&app, "select count(*) from events where event_type = 'submitted'").await, 1);
}
