//! The files of workers, and what follows from them.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::{at_ten, booked, client, route, team, text, visit, worker};
use crate::harness::{App, Client};

fn of(id: &str, what: &str) -> String {
    format!("/v1/admin/workers/{id}/{what}")
}

async fn dana(owner: &Client) -> (String, String) {
    let north = team(owner, "North").await;
    let dana = worker(owner, "Dana", "780-555-0111", &north).await;
    (north, dana)
}

async fn crew_of(owner: &Client, booking: &str) -> (Value, Value) {
    let shown = owner.get(&format!("/v1/admin/bookings/{booking}")).await;
    (shown.ok().body["crew"].clone(), shown.body["assigned_worker_id"].clone())
}

fn today(app: &App) -> NaiveDate {
    (app.now() - TimeDelta::hours(7)).date_naive()
}

#[tokio::test]
async fn a_certificate_runs_out_by_itself_and_is_found_before() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, dana) = dana(&owner).await;
    let last = today(&app) + TimeDelta::days(5);
    let ladder = json!({ "name": "Ladder Safety", "expires_at": last });
    let added = owner.post(&of(&dana, "certificates"), &ladder).await;
    let one = &added.ok().body["certificates"][0];
    assert_eq!(
        (added.status, &one["status"], &one["badge"]),
        (201, &json!("active"), &json!("7_days"))
    );
    let backwards = json!({ "name": "x", "issued_at": "2030-01-02", "expires_at": "2030-01-01" });
    assert_eq!(owner.post(&of(&dana, "certificates"), &backwards).await.fields(), ["expires_at"]);
    app.settle().await;
    let found = owner.get("/v1/admin/workers?has_expiring_certs=true").await;
    assert_eq!(found.ok().body["items"].as_array().unwrap().len(), 1);
    app.advance(TimeDelta::days(7));
    app.settle().await;
    let file = owner.get(&of(&dana, "file")).await;
    assert_eq!(file.ok().body["certificates"][0]["status"], "expired");
    let cert = file.body["certificates"][0]["cert_id"].as_str().unwrap().to_owned();
    owner.post(&of(&dana, &format!("certificates/{cert}/archive")), &json!({})).await.ok();
    app.settle().await;
    let found = owner.get("/v1/admin/workers?has_expiring_certs=true").await;
    assert_eq!(found.ok().body["items"], json!([]));
}

#[tokio::test]
async fn whoever_is_archived_is_taken_off_what_is_to_come_and_off_nothing_else() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, dana) = dana(&owner).await;
    let eli = worker(&owner, "Eli", "780-555-0122", &north).await;
    let sam = client(&owner, "Sam").await;
    let with = |crew: Value, days| {
        visit(
            &north,
            &sam,
            at_ten(&app, days),
            &json!({ "assigned_worker_id": dana, "crew": crew }),
        )
    };
    let alone = text(booked(&owner, &with(json!([dana]), 7)).await.ok(), "booking_id");
    let both = text(booked(&owner, &with(json!([dana, eli]), 8)).await.ok(), "booking_id");
    let begun = text(booked(&owner, &with(json!([dana]), 9)).await.ok(), "booking_id");
    owner.post(&route(&begun, "confirm"), &json!({})).await.ok();
    owner.post(&format!("/v1/orders/{begun}/time/start"), &json!({})).await.ok();
    app.settle().await;
    let bulk = json!({ "worker_ids": [dana, "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d"] });
    let done = owner.post("/v1/admin/workers/bulk/archive", &bulk).await;
    assert_eq!(done.ok().body["results"][0]["ok"], true);
    assert_eq!(done.body["results"][1]["code"], "worker.not_found");
    app.settle().await;
    assert_eq!(crew_of(&owner, &alone).await, (json!([]), Value::Null));
    assert_eq!(crew_of(&owner, &both).await, (json!([eli]), json!(eli)));
    assert_eq!(crew_of(&owner, &begun).await.0, json!([dana]));
    let back =
        owner.post("/v1/admin/workers/bulk/unarchive", &json!({ "worker_ids": [dana] })).await;
    assert_eq!(back.ok().body["done"], 1);
}

#[tokio::test]
async fn a_transfer_begins_with_its_day_and_the_past_stays_known() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, dana) = dana(&owner).await;
    let south = team(&owner, "South").await;
    let later = today(&app) + TimeDelta::days(3);
    let planned = json!({ "team_id": south, "effective": later });
    let answer = owner.post(&of(&dana, "transfer"), &planned).await;
    assert_eq!(answer.ok().body["planned_transfer"]["effective"], json!(later));
    let before = owner.get(&format!("/v1/admin/workers/{dana}")).await.ok().body["team_id"].clone();
    app.advance(TimeDelta::days(4));
    app.settle().await;
    let after = owner.get(&format!("/v1/admin/workers/{dana}")).await.ok().body["team_id"].clone();
    assert_ne!(before, after);
    let moves = owner.get(&of(&dana, "memberships")).await;
    let all = moves.ok().body.as_array().unwrap();
    assert_eq!((all.len(), &all[0]["team"], &all[1]["team"]), (2, &before, &after));
    assert_eq!(all[1]["from_date"], json!(later));
    let ancient = json!({ "team_id": south, "effective": "2020-01-01" });
    owner.post(&of(&dana, "transfer"), &ancient).await.is(400, "worker.transfer_too_early");
}

#[tokio::test]
async fn a_rating_is_what_reviews_of_visits_that_are_done_say() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, dana) = dana(&owner).await;
    let sam = client(&owner, "Sam").await;
    let crew = json!({ "crew": [dana] });
    let id =
        text(booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &crew)).await.ok(), "booking_id");
    let review = json!({ "booking_id": id, "rating": 4, "comment": "Quilla was happy" });
    owner.post(&of(&dana, "reviews"), &review).await.is(409, "booking.illegal_state");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    owner.post(&route(&id, "complete"), &json!({ "actual_duration_minutes": 90 })).await.ok();
    let given = owner.post(&of(&dana, "reviews"), &review).await;
    assert_eq!((given.ok().status, &given.body["rating_avg"]), (201, &json!(4.0)));
    owner.post(&of(&dana, "reviews"), &review).await.is(409, "worker.already_reviewed");
    let typed = json!({ "rating_avg": 5 });
    owner.patch(&format!("/v1/admin/workers/{dana}"), &typed).await.is(422, "validation_failed");
    owner
        .patch(&of(&dana, "file"), &json!({ "role": "=cleaner", "skills": ["Deep clean"] }))
        .await
        .ok();
    owner.post(&of(&dana, "notes"), &json!({ "text": "Prefers mornings" })).await.ok();
    app.settle().await;
    let count = |query: &str| {
        let (owner, query) = (owner.clone(), query.to_owned());
        async move {
            let found = owner.get(&format!("/v1/admin/workers?{query}")).await;
            found.ok().body["items"].as_array().unwrap().len()
        }
    };
    assert_eq!((count("rating_min=4").await, count("rating_min=4.01").await), (1, 0));
    assert_eq!(
        (count("skills=deep_clean").await, count("skills=deep_clean,windows").await),
        (1, 0)
    );
    assert_eq!((count("availability=free").await, count("availability=heavy").await), (1, 0));
    let table = owner.get("/v1/admin/workers/export.csv").await;
    let lines: Vec<&str> = table.ok().text.lines().collect();
    assert!(lines[0].starts_with("worker_id,name,phone,email,role,team_id,team_name,is_active,"));
    assert!(
        lines[1].contains("'=cleaner") && lines[1].contains("North") && lines[1].contains("4.00"),
        "{}",
        lines[1]
    );
    assert_eq!(owner.get("/v1/admin/workers/export.json").await.ok().body[0]["rating_avg"], 4.0);
    // Whoever is erased leaves no words behind.
    let erase = format!("/v1/admin/subjects/{dana}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    let file = owner.get(&of(&dana, "file")).await;
    assert!(!file.ok().text.contains("Quilla") && !file.text.contains("mornings"), "{}", file.text);
}

#[tokio::test]
async fn a_certificate_that_somebody_should_have_is_a_hint_and_refuses_nothing() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, dana) = dana(&owner).await;
    let sam = client(&owner, "Sam").await;
    let skills = json!({ "skills": ["window_cleaning", "ironing"] });
    owner.patch(&of(&dana, "file"), &skills).await.ok();
    let wanted = text(
        booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &json!({}))).await.ok(),
        "booking_id",
    );
    app.settle().await;
    let told = async || {
        let file = owner.get(&of(&dana, "file")).await.ok().body["compliance"].clone();
        let suggest = format!("/v1/admin/dispatcher/assign/suggest?booking_id={wanted}");
        let found = owner.get(&suggest).await.ok().body["suggestions"][0]["compliance"].clone();
        let alerts = owner.get("/v1/admin/workers/alerts").await.ok().body["items"].clone();
        let alerts = alerts.as_array().unwrap().iter().map(|one| {
            assert_eq!((&one["kind"], &one["worker_id"]), (&json!("certificate"), &json!(dana)));
            json!({ "skill": one["skill"], "certificate": one["certificate"], "state": one["state"] })
        });
        assert_eq!((&found, json!(alerts.collect::<Vec<_>>())), (&file, file.clone()));
        file
    };
    let ladder = |state: &str| json!([{ "skill": "window_cleaning", "certificate": "Ladder Safety", "state": state }]);
    assert_eq!(told().await, ladder("missing"));
    let last = today(&app) + TimeDelta::days(1);
    let held = json!({ "name": "ladder safety", "expires_at": last });
    owner.post(&of(&dana, "certificates"), &held).await.ok();
    app.settle().await;
    assert_eq!(told().await, json!([]));
    app.advance(TimeDelta::days(3));
    app.settle().await;
    assert_eq!(told().await, ladder("expired"));
    let assigned = json!({ "worker_id": dana });
    owner.post(&format!("/v1/admin/dispatcher/bookings/{wanted}/reassign"), &assigned).await.ok();
    // Another organisation may ask for something else, and this one for nothing.
    let none = json!({ "workers": { "required_certificates": { "ironing": ["Iron"] } } });
    owner.patch("/v1/admin/booking-policies", &none).await.ok();
    app.settle().await;
    let file = owner.get(&of(&dana, "file")).await;
    assert_eq!(file.ok().body["compliance"][0]["certificate"], "Iron");
}
