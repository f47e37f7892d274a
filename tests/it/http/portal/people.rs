//! What staff do with workers and clients.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{hired, registered};
use crate::harness::App;
use crate::harness::client::Answer;
use crate::http::erasure::search;
use crate::http::id_in;

fn names(list: &Answer) -> Vec<&str> {
    let items = list.ok().body["items"].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_worker_is_hired_found_changed_and_archived() {
    let app = App::start().await;
    let dispatcher = app.staff("dispatcher");
    let (made, route) = hired(&dispatcher, " Dana Wexler ", "(780) 555-0111").await;
    assert_eq!(
        (&made["name"], &made["phone"], &made["team_id"], &made["is_active"]),
        (&json!("Dana Wexler"), &json!("(780) 555-0111"), &json!(1), &json!(true))
    );
    let nowhere = dispatcher.patch(&route, &json!({ "team_id": 2 })).await;
    nowhere.is(404, "team.not_found");
    for name in ["North", "South"] {
        app.staff("owner").post("/v1/admin/teams", &json!({ "name": name })).await.ok();
    }
    let changed = dispatcher.patch(&route, &json!({ "team_id": 2, "email": "D@x.org" })).await;
    assert_eq!(
        (&changed.ok().body["team_id"], &changed.body["email"], &changed.body["name"]),
        (&json!(2), &json!("d@x.org"), &json!("Dana Wexler"))
    );
    let one = dispatcher.get(&route).await;
    assert_eq!((&one.ok().body, one.header("etag")), (&changed.body, changed.header("etag")));

    app.advance(TimeDelta::seconds(1));
    hired(&dispatcher, "Eli Young", "780-555-0122").await;
    app.settle().await;
    let list = |query: &str| {
        let (dispatcher, path) = (dispatcher.clone(), format!("/v1/admin/workers{query}"));
        async move { dispatcher.get(&path).await }
    };
    assert_eq!(names(&list("").await), ["Eli Young", "Dana Wexler"]);
    assert_eq!(names(&list("?q=WEX").await), ["Dana Wexler"]);
    assert_eq!(names(&list("?team_id=1").await), ["Eli Young"]);
    let first = list("?limit=1").await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = list(&format!("?limit=1&cursor={cursor}")).await;
    assert_eq!((names(&first), names(&second)), (vec!["Eli Young"], vec!["Dana Wexler"]));
    list("?cursor=x").await.is(422, "validation_failed");

    let archived = dispatcher.post(&format!("{route}/archive"), &json!({})).await;
    assert_eq!(archived.ok().body["is_active"], false);
    app.settle().await;
    assert_eq!(names(&list("").await), ["Eli Young"]);
    assert_eq!(names(&list("?active_state=archived").await), ["Dana Wexler"]);
    dispatcher.post(&format!("{route}/unarchive"), &json!({})).await.ok();
    app.settle().await;
    assert_eq!(names(&list("").await).len(), 2);
    let audit = app.staff("owner").get("/v1/admin/audit-logs?action=worker.archive").await;
    assert_eq!(audit.ok().body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_phone_belongs_to_one_worker_of_an_organisation() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, first) = hired(&owner, "Dana", "780-555-0111").await;
    let (_, second) = hired(&owner, "Eli", "780-555-0122").await;
    let same = json!({ "name": "Fay", "phone": "+1 (780) 555 0111" });
    owner.post("/v1/admin/workers", &same).await.is(409, "worker.phone_taken");
    owner.patch(&second, &json!({ "phone": "7805550111" })).await.is(409, "worker.phone_taken");
    owner.patch(&first, &json!({ "phone": "780 555 0111" })).await.ok();
    // The same number elsewhere is nobody's business.
    hired(&app.staff_of(1, "owner"), "Gil", "780-555-0111").await;
    let before = app.position(0).await;
    let bad = json!({ "name": "", "phone": "call me", "email": "x", "team_id": 1 });
    let refused = owner.post("/v1/admin/workers", &bad).await;
    assert_eq!(refused.is(422, "validation_failed").fields(), ["name", "phone", "email"]);
    let bad = json!({ "name": "Hal", "phone": "780-555-0133", "team_id": 0 });
    assert_eq!(owner.post("/v1/admin/workers", &bad).await.fields(), ["team_id"]);
    owner.patch(&first, &json!({})).await.is(400, "worker.nothing_supplied");
    assert_eq!(app.position(0).await, before);
}

#[tokio::test]
async fn a_client_is_registered_found_changed_blocked_and_archived() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (made, route) = registered(&owner, "Sam Quill", "Sam@Example.org").await;
    assert_eq!((&made["email"], &made["is_blocked"]), (&json!("sam@example.org"), &json!(false)));
    let again = json!({ "name": "Sam", "email": "SAM@example.org" });
    owner.post("/v1/admin/clients", &again).await.is(409, "client.email_taken");
    registered(&app.staff_of(1, "owner"), "Sam", "sam@example.org").await;

    let changed = owner.patch(&route, &json!({ "phone": "780-555-0144" })).await;
    assert_eq!(changed.ok().body["phone"], "780-555-0144");
    let blocked = owner.post(&format!("{route}/block"), &json!({ "reason": "never in" })).await;
    assert_eq!(
        (&blocked.ok().body["is_blocked"], &blocked.body["block_reason"]),
        (&json!(true), &json!("never in"))
    );
    owner
        .post(&format!("{route}/block"), &json!({ "reason": " " }))
        .await
        .is(422, "client.no_reason");
    app.settle().await;
    let list = owner.get("/v1/admin/clients?q=0144").await;
    assert_eq!(
        (names(&list), &list.body["items"][0]["is_blocked"]),
        (vec!["Sam Quill"], &json!(true))
    );
    owner.post(&format!("{route}/unblock"), &json!({})).await.ok();
    owner.post(&format!("{route}/archive"), &json!({})).await.ok();
    app.settle().await;
    assert_eq!(names(&owner.get("/v1/admin/clients").await), [""; 0]);
    assert_eq!(names(&owner.get("/v1/admin/clients?show=all").await), ["Sam Quill"]);
    let back = owner.post(&format!("{route}/unarchive"), &json!({})).await;
    assert_eq!(
        (&back.ok().body["is_active"], &back.body["is_blocked"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn another_organisations_people_are_nobody() {
    let app = App::start().await;
    let (us, them) = (app.staff("owner"), app.staff_of(1, "owner"));
    let routes = [
        hired(&them, "Dana", "780-555-0111").await.1,
        registered(&them, "Sam", "sam@example.org").await.1,
    ];
    let before = app.position(1).await;
    for theirs in routes {
        let (kind, id) = theirs.rsplit_once('/').unwrap();
        assert_eq!(them.get(&theirs).await.ok().status, 200);
        let asked = |id: &str| {
            let (us, path) = (us.clone(), format!("{kind}/{id}"));
            async move { us.get(&path).await }
        };
        let (foreign, nobody) =
            (asked(id).await, asked("0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d").await);
        assert_eq!((foreign.status, foreign.code()), (404, nobody.code()));
        assert_eq!(foreign.body["detail"], nobody.body["detail"]);
        asked("7").await.is(404, "not_found");
        let archive = us.post(&format!("{theirs}/archive"), &json!({})).await;
        assert_eq!((archive.status, archive.code()), (404, nobody.code()));
    }
    assert_eq!(app.position(1).await, before);
}

#[tokio::test]
async fn an_erased_worker_and_client_are_gone_everywhere() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, worker) = hired(&owner, "Quilla Zembrowski", "780-555-7731").await;
    let (_, client) = registered(&owner, "Yorick Vandersloot", "yorick.v@example.net").await;
    let reason = json!({ "reason": "whispers at night" });
    owner.post(&format!("{client}/block"), &reason).await.ok();
    app.settle().await;
    for route in [&worker, &client] {
        let erase = format!("/v1/admin/subjects/{}/erase", id_in(route));
        app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
        let gone = owner.get(route).await;
        assert_eq!((&gone.ok().body["name"], gone.header("etag")), (&json!("[erased]"), None));
        owner.post(&format!("{route}/archive"), &json!({})).await.is(410, "subject_erased");
    }
    let traces = ["quilla", "5557731", "555-7731", "yorick", "vandersloot", "whispers"];
    assert_eq!(search(&mut app.db.admin().await, &traces).await, [""; 0]);
    let list = owner.get("/v1/admin/workers").await;
    assert_eq!(names(&list), ["[erased]"]);
    // The number is free for somebody else.
    hired(&owner, "Ann", "780-555-7731").await;
}

#[tokio::test]
async fn only_those_who_send_workers_out_or_keep_contacts_change_people() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, worker) = hired(&owner, "Dana", "780-555-0111").await;
    let (_, client) = registered(&owner, "Sam", "sam@example.org").await;
    for role in ["accountant", "viewer", "worker"] {
        let staff = app.staff(role);
        staff.get(&worker).await.is(403, "forbidden");
        staff.post(&format!("{worker}/archive"), &json!({})).await.is(403, "forbidden");
        staff.post(&format!("{client}/archive"), &json!({})).await.is(403, "forbidden");
    }
    app.staff("viewer").get(&client).await.ok();
    app.anyone().get(&client).await.is(401, "unauthenticated");
}

#[tokio::test]
async fn a_repeated_request_hires_once() {
    let app = App::start().await;
    let owner = app.staff("owner").with("idempotency-key", "k-1");
    let body = json!({ "name": "Dana", "phone": "780-555-0111" });
    let (first, again) = (
        owner.post("/v1/admin/workers", &body).await,
        owner.post("/v1/admin/workers", &body).await,
    );
    assert_eq!(first.ok().body, again.ok().body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_ne!(first.body, Value::Null);
}
