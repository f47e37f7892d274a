//! Addresses, tags, notes and feedback, as staff write them down.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{client, each, put};
use crate::harness::App;
use crate::http::erasure::search;
use crate::http::scheduling::{at_ten, booked, team, text, visit};

#[tokio::test]
async fn addresses_are_kept_with_how_often_somebody_was_there() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, route) = client(&owner, "Sam").await;
    let all = format!("{route}/addresses");
    let home = owner.post(&all, &json!({ "address_text": " 12 Elm " })).await;
    assert_eq!((home.ok().status, &home.body["label"]), (201, &json!("Primary")));
    let cabin = json!({ "address_text": "Lake 4", "notes": "dog", "lat": 53.5, "lng": -113.5 });
    let cabin = owner.post(&all, &cabin).await;
    assert_eq!((&cabin.ok().body["label"], &cabin.body["lat"]), (&json!("Custom"), &json!(53.5)));
    let at = |id: &str| format!("{all}/{id}");
    let (home, cabin) = (text(&home, "address_id"), text(&cabin, "address_id"));
    let changed = owner.patch(&at(&cabin), &json!({ "label": "Cabin", "notes": "" })).await;
    assert_eq!(
        (&changed.ok().body["label"], &changed.body["notes"]),
        (&json!("Cabin"), &Value::Null)
    );
    let long = json!({ "label": "l".repeat(51), "address_text": "" });
    let wrong = owner.patch(&at(&cabin), &long).await;
    assert_eq!(wrong.is(422, "client.invalid").fields(), ["address_text", "label"]);
    owner.patch(&at(&cabin), &json!({})).await.is(400, "client.nothing_supplied");

    let more = json!({ "address_id": home });
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 9), &more)).await;
    assert_eq!(
        (&made.ok().body["address_id"], &made.body["address_text"]),
        (&json!(home), &json!("12 Elm"))
    );
    let (_, other) = client(&owner, "Eve").await;
    let foreign = format!("{other}/addresses/{home}");
    owner.patch(&foreign, &json!({ "label": "x" })).await.is(404, "client.address_not_found");
    let eve = other.rsplit('/').next().unwrap();
    let foreign = booked(&owner, &visit(&north, eve, at_ten(&app, 10), &more)).await;
    foreign.is(404, "client.address_not_found");

    owner.post(&format!("{}/archive", at(&home)), &json!({})).await.ok();
    app.settle().await;
    let listed = owner.get(&all).await;
    assert_eq!(each(&listed, "usage"), [&json!(1), &json!(0)]);
    assert_eq!(each(&listed, "is_active"), [&json!(false), &json!(true)]);
    let found = owner.get("/v1/admin/clients?q=lake").await;
    assert_eq!(found.ok().body["items"], json!([]), "only what is shown is searched");
    owner.post(&format!("{}/unarchive", at(&home)), &json!({})).await.ok();
    app.settle().await;
    let found = owner.get("/v1/admin/clients?q=12+ELM").await;
    assert_eq!(found.ok().body["items"][0]["address"], "12 Elm");
    app.staff("viewer").post(&all, &json!({ "address_text": "x" })).await.is(403, "forbidden");
}

#[tokio::test]
async fn tags_and_notes_are_found_again() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, route) = client(&owner, "Sam").await;
    let tagged =
        put(&owner, &format!("{route}/tags"), &json!({ "tags": [" VIP", "vip", "Dog", ""] })).await;
    assert_eq!(tagged.ok().body["tags"], json!(["VIP", "Dog"]));
    let notes = format!("{route}/notes");
    for (kind, text) in [("NOTE", "rings twice"), ("COMPLAINT", "late"), ("PRAISE", "spotless")] {
        let made = owner.post(&notes, &json!({ "kind": kind, "text": text })).await;
        assert_eq!(made.ok().status, 201);
    }
    owner.post(&notes, &json!({ "kind": "RANT", "text": "x" })).await.is(422, "validation_failed");
    let empty = owner.post(&notes, &json!({ "kind": "NOTE", "text": " " })).await;
    assert_eq!(empty.is(422, "client.invalid").fields(), ["text"]);
    app.settle().await;
    let first = owner.get(&format!("{notes}?limit=2")).await;
    assert_eq!(each(&first, "text"), [&json!("spotless"), &json!("late")]);
    assert!(first.body[0]["created_by"].is_string(), "{}", first.text);
    let cursor = first.header("x-next-cursor").unwrap();
    let rest = owner.get(&format!("{notes}?limit=2&cursor={cursor}")).await;
    assert_eq!(each(&rest, "text"), [&json!("rings twice")]);
    let complaints = owner.get(&format!("{notes}?kind=COMPLAINT")).await;
    assert_eq!(each(&complaints, "text"), [&json!("late")]);
    let found = owner.get("/v1/admin/clients?q=dog").await;
    assert_eq!(found.ok().body["items"][0]["tags"], json!(["VIP", "Dog"]));
}

#[tokio::test]
async fn of_many_who_say_how_one_visit_was_one_is_heard() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, route) = client(&owner, "Sam").await;
    let (_, eve) = client(&owner, "Eve").await;
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 9), &json!({}))).await;
    let booking = text(made.ok(), "booking_id");
    let said = |rating: i64| json!({ "rating": rating, "comment": "dusty", "booking_id": booking });
    let foreign = owner.post(&format!("{eve}/feedback"), &said(1)).await;
    foreign.is(404, "client.visit_not_found");
    for rating in [0, 6] {
        let wrong = owner.post(&format!("{route}/feedback"), &said(rating)).await;
        assert_eq!(wrong.is(422, "client.invalid").fields(), ["rating"]);
    }
    let staff: Vec<_> = (0..8).map(|_| app.staff("owner")).collect();
    let (feedback, body) = (format!("{route}/feedback"), said(2));
    let answers = join_all(staff.iter().map(|one| one.post(&feedback, &body))).await;
    assert_eq!(answers.iter().filter(|one| one.status == 201).count(), 1);
    for lost in answers.iter().filter(|one| one.status != 201) {
        lost.is(409, "client.feedback_exists");
    }
    owner.post(&feedback, &json!({ "rating": 5 })).await.ok();
    app.settle().await;
    let list = owner.get(&feedback).await;
    assert_eq!(each(&list, "rating"), [&json!(5), &json!(2)]);
    assert_eq!(
        (&list.body[1]["booking_id"], &list.body[1]["source"]),
        (&json!(booking), &json!("staff"))
    );
}

#[tokio::test]
async fn nothing_that_was_said_is_left_of_somebody_who_was_erased() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (id, route) = client(&owner, "Zanzibara").await;
    let address =
        json!({ "address_text": "9 Quokka Road", "label": "Wombat", "notes": "gnome key" });
    owner.post(&format!("{route}/addresses"), &address).await.ok();
    put(&owner, &format!("{route}/tags"), &json!({ "tags": ["platypus"] })).await.ok();
    let note = json!({ "kind": "COMPLAINT", "text": "numbat in the attic" });
    owner.post(&format!("{route}/notes"), &note).await.ok();
    let said = json!({ "rating": 1, "comment": "echidna hair" });
    owner.post(&format!("{route}/feedback"), &said).await.ok();
    owner.post(&format!("{route}/block"), &json!({ "reason": "bilby" })).await.ok();
    app.settle().await;
    let traces =
        ["zanzibara", "quokka", "wombat", "gnome key", "platypus", "numbat", "echidna", "bilby"];
    let mut admin = app.db.admin().await;
    assert_eq!(
        search(&mut admin, &traces[..5]).await.len(),
        search(&mut admin, &["zanzibara"]).await.len() + 3,
        "only in the list, to be found by, and the part of town in a report"
    );
    let erase = format!("/v1/admin/subjects/{id}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    app.settle().await;
    assert_eq!(search(&mut admin, &traces).await, [""; 0]);
    let notes = owner.get(&format!("{route}/notes")).await;
    assert_eq!(each(&notes, "text"), [&json!("[erased]")]);
    let shown = owner.get(&route).await;
    assert_eq!((&shown.ok().body["name"], &shown.body["tags"]), (&json!("[erased]"), &json!([])));
    assert_eq!(shown.body["addresses"][0]["address_text"], "[erased]");
    for (path, body) in [("notes", &note), ("feedback", &said), ("addresses", &address)] {
        owner.post(&format!("{route}/{path}"), body).await.is(410, "subject_erased");
    }
    let (_, stays) = client(&owner, "Sam").await;
    let merge = json!({ "into_client_id": id });
    owner.post(&format!("{stays}/merge"), &merge).await.is(404, "client.not_found");
}
