//! Two organisations behind one address that never learn of each other.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{form_of, id_in, submitted};
use crate::harness::client::Answer;
use crate::harness::{App, Client};

const NOBODY: &str = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";

/// All that a client can tell two answers by.
fn told(answer: &Answer) -> (u16, Value, Vec<(String, String)>) {
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    // What is left of a limit goes down with every request, whatever is asked.
    let varying =
        ["x-request-id", "x-correlation-id", "date", "ratelimit-remaining", "ratelimit-reset"];
    let headers = answer.headers.iter().filter(|(name, _)| !varying.contains(&name.as_str()));
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status, body, headers.collect())
}

async fn call(client: &Client, method: &Method, path: &str, body: &Value) -> Answer {
    let client = client.with("content-type", "application/json");
    let body = (!body.is_null()).then(|| body.to_string().into_bytes());
    client.send(method.clone(), path, body).await
}

#[tokio::test]
async fn another_organisations_id_is_answered_exactly_like_nobodys() {
    let app = App::start().await;
    let theirs = submitted(&app.anyone().with("x-org", "second")).await;
    let own = submitted(&app.anyone()).await;
    let (them, us) = (app.staff_of(1, "owner"), app.staff("owner"));
    let offer = json!({ "amount": 100 });
    let made = them.post(&format!("{theirs}/quotes"), &offer).await;
    let quote = made.ok().body["quote_id"].as_str().unwrap().to_owned();
    them.post("/v1/admin/history/checkpoints", &json!({})).await.ok();
    app.settle().await;
    let (lead, before) = (id_in(&theirs), (app.position(0).await, app.position(1).await));
    let org = app.orgs[1].id.to_string();
    let null = Value::Null;
    let (get, post) = (Method::GET, Method::POST);
    let notes = json!({ "notes": "n" });
    let status = json!({ "status": "CONTACTED" });
    let entry = json!({ "action": "a" });
    let reason = json!({ "reason": "asked" });
    let follow = json!({ "note": "n" });
    let empty = json!({});
    let leads = "/v1/admin/leads/{}";
    let by_lead: Vec<(&Method, String, &Value, &str)> = vec![
        (&get, leads.to_owned(), &null, lead),
        (&get, format!("{leads}?as_of=2"), &null, lead),
        (&get, format!("{leads}/quotes"), &null, lead),
        (&Method::PATCH, leads.to_owned(), &notes, lead),
        (&post, format!("{leads}/status"), &status, lead),
        (&post, format!("{leads}/timeline"), &entry, lead),
        (&post, format!("{leads}/quotes"), &offer, lead),
        (&post, format!("{leads}/quotes/{NOBODY}/send"), &empty, lead),
        (&post, format!("{own}/quotes/{{}}/send"), &empty, &quote),
        (&post, format!("{own}/quotes/{{}}/accept"), &empty, &quote),
        (&post, format!("{own}/quotes/{{}}/decline"), &empty, &quote),
        (&post, format!("{own}/quotes/{{}}/revise"), &offer, &quote),
        (&post, format!("{own}/quotes/{{}}/followups"), &follow, &quote),
        (&get, "/v1/admin/history/lead/{}".to_owned(), &null, lead),
        (&get, "/v1/admin/history/subject/{}".to_owned(), &null, lead),
        (&get, "/v1/admin/history/organisation/{}".to_owned(), &null, &org),
        (&post, "/v1/admin/subjects/{}/erase".to_owned(), &reason, lead),
    ];
    let us = us.with("x-request-id", "asked");
    for (number, (method, route, body, id)) in by_lead.iter().enumerate() {
        for keyed in [false, true] {
            // A key is bound to its address, so each request has one of its own.
            let client = |who: &str| {
                let keyed = keyed.then(|| us.with("idempotency-key", &format!("{who}-{number}")));
                keyed.unwrap_or_else(|| us.clone())
            };
            let foreign = call(&client("a"), method, &route.replace("{}", id), body).await;
            let random = call(&client("b"), method, &route.replace("{}", NOBODY), body).await;
            assert_eq!(foreign.status, 404, "{method} {route}: {}", foreign.text);
            assert_eq!(told(&foreign), told(&random), "{method} {route}");
            assert!(!foreign.text.contains(id));
        }
    }
    assert_eq!((app.position(0).await, app.position(1).await), before);
    them.get(&theirs).await.ok();
}

#[tokio::test]
async fn naming_another_organisation_opens_nothing() {
    let app = App::start().await;
    let theirs = submitted(&app.anyone().with("x-org", "second")).await;
    app.settle().await;
    let id = app.orgs[1].id.to_string();
    for (role, name) in [("owner", "second"), ("admin", id.as_str()), ("viewer", "nobody")] {
        let us = app.staff(role).with("x-org", name);
        for route in [theirs.as_str(), "/v1/admin/leads", "/v1/admin/events", "/v1/admin/whoami"] {
            us.get(route).await.is(401, "unauthenticated");
        }
    }
    app.staff("owner").with("x-org", "first").get("/v1/admin/whoami").await.ok();
}

#[tokio::test]
async fn lists_show_only_ones_own() {
    let app = App::start().await;
    let theirs = submitted(&app.anyone().with("x-org", "second")).await;
    let them = app.staff_of(1, "owner");
    them.post(&format!("{theirs}/status"), &json!({ "status": "CONTACTED" })).await.ok();
    them.post("/v1/admin/history/checkpoints", &json!({})).await.ok();
    app.settle().await;
    let us = app.staff("owner");
    for route in [
        "/v1/admin/leads",
        "/v1/admin/leads?as_of=1",
        "/v1/admin/leads?query=Quilla",
        "/v1/admin/effects",
        "/v1/admin/audit-logs?resource_type=lead",
        "/v1/admin/history/checkpoints",
        "/v1/admin/queue/dlq",
        "/v1/admin/events?after=1",
    ] {
        assert_eq!(us.get(route).await.ok().body["items"], json!([]), "{route}");
    }
    assert_eq!(us.get("/v1/admin/leads").await.body["total"], 0);
    assert_eq!(us.get("/v1/admin/events").await.body["head"], 1);
}

#[tokio::test]
async fn connections_that_serve_both_at_once_never_mix_them_up() {
    let app = App::start().await;
    for (org, name) in [("first", "Aaa"), ("second", "Bbb")] {
        let public = app.anyone().with("x-org", org);
        for _ in 0..3 {
            public.post("/v1/leads", &form_of(name, "780 1")).await.ok();
        }
    }
    app.settle().await;
    let work = (0..160).map(|number| {
        let (org, own, other) = if number % 2 == 0 { (0, "Aaa", "Bbb") } else { (1, "Bbb", "Aaa") };
        let client = app.staff_of(org, "owner");
        async move {
            if number % 8 < 2 {
                let name = if org == 0 { "first" } else { "second" };
                let public = client.with("x-org", name);
                return public.post("/v1/leads", &form_of(own, "780 2")).await.status == 201;
            }
            let list = client.get("/v1/admin/leads").await;
            let seen = list.text.matches(own).count();
            list.status == 200 && seen == 3 && !list.text.contains(other)
        }
    });
    assert!(join_all(work).await.into_iter().all(|good| good));
    app.settle().await;
    for org in 0..2 {
        let list = app.staff_of(org, "owner").get("/v1/admin/leads").await;
        assert_eq!(list.body["total"], 23);
    }
}
