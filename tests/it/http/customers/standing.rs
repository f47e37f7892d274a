//! How clients stand today, by what is known of them and what the organisation decides.

use chrono::TimeDelta;
use projections::rebuild::{Rebuild, Switch};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::client;
use crate::harness::database::keys;
use crate::harness::{App, Client};
use crate::http::scheduling::{at_ten, booked, route as of_booking, team, text, visit};

async fn standing(owner: &Client, route: &str) -> Value {
    owner.get(route).await.ok().body["standing"].clone()
}

async fn done(app: &App, owner: &Client, team: &str, client: &str) {
    let more = json!({ "price_cents": 12_000 });
    let made = booked(owner, &visit(team, client, at_ten(app, 3), &more)).await;
    let id = text(made.ok(), "booking_id");
    owner.post(&of_booking(&id, "confirm"), &json!({})).await.ok();
    let minutes = json!({ "actual_duration_minutes": 110 });
    owner.post(&of_booking(&id, "complete"), &minutes).await.ok();
}

#[tokio::test]
async fn who_was_visited_lately_stays_and_who_was_not_may_be_leaving() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, route) = client(&owner, "Sam").await;
    assert_eq!(standing(&owner, &route).await, Value::Null, "not read yet");
    done(&app, &owner, &north, &sam).await;
    app.settle().await;
    app.advance(TimeDelta::days(7));
    let week = standing(&owner, &route).await;
    assert_eq!(
        (&week["churn"], &week["visits"], &week["churn_reasons"]),
        (&json!("LOW"), &json!(1), &json!([]))
    );
    assert_eq!(week["lifetime_value_cents"], 12_000);
    app.advance(TimeDelta::days(38));
    let late = standing(&owner, &route).await;
    assert_eq!(
        (&late["churn"], &late["churn_reasons"]),
        (&json!("MEDIUM"), &json!(["not_visited_for_45_days"]))
    );
    app.advance(TimeDelta::days(25));
    let lost = standing(&owner, &route).await;
    assert_eq!(
        (&lost["churn"], &lost["churn_reasons"]),
        (&json!("HIGH"), &json!(["not_visited_for_60_days"]))
    );
    let high = owner.get("/v1/admin/clients?churn=HIGH").await;
    assert_eq!(high.ok().body["items"][0]["client_id"], sam);
    assert_eq!(owner.get("/v1/admin/clients?churn=LOW").await.ok().body["items"], json!([]));
    owner.get("/v1/admin/clients?churn=high").await.is(422, "validation_failed");

    // Another organisation would be patient.
    let patience = json!({ "clients": { "late_days": 80, "lost_days": 100 } });
    owner.patch("/v1/admin/booking-policies", &patience).await.ok();
    assert_eq!(standing(&owner, &route).await["churn"], "LOW");
}

#[tokio::test]
async fn a_regular_is_missed_after_twice_the_usual_time() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, route) = client(&owner, "Sam").await;
    for _ in 0..3 {
        done(&app, &owner, &north, &sam).await;
        app.settle().await;
        app.advance(TimeDelta::days(10));
    }
    assert_eq!(standing(&owner, &route).await["churn"], "LOW", "as usual");
    app.advance(TimeDelta::days(5));
    let later = standing(&owner, &route).await;
    assert_eq!(
        (&later["churn"], &later["churn_reasons"]),
        (&json!("MEDIUM"), &json!(["beyond_usual_gap"]))
    );
    app.advance(TimeDelta::days(5));
    let late = standing(&owner, &route).await;
    assert_eq!(
        (&late["churn"], &late["churn_reasons"]),
        (&json!("MEDIUM"), &json!(["far_beyond_usual_gap"]))
    );
}

#[tokio::test]
async fn complaints_and_low_ratings_count_for_ninety_days() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, loud) = client(&owner, "Loud").await;
    let (_, low) = client(&owner, "Low").await;
    let (_, mild) = client(&owner, "Mild").await;
    for _ in 0..3 {
        let note = json!({ "kind": "COMPLAINT", "text": "late" });
        owner.post(&format!("{loud}/notes"), &note).await.ok();
        owner.post(&format!("{mild}/notes"), &json!({ "kind": "NOTE", "text": "nice" })).await.ok();
    }
    for (route, rating) in
        [(&low, 5), (&low, 5), (&low, 5), (&low, 2), (&low, 2), (&mild, 4), (&mild, 3)]
    {
        owner.post(&format!("{route}/feedback"), &json!({ "rating": rating })).await.ok();
    }
    app.settle().await;
    let names = |risk: &'static str| {
        let owner = owner.clone();
        async move {
            let list = owner.get(&format!("/v1/admin/clients?risk={risk}")).await;
            let all = list.ok().body["items"].as_array().unwrap().clone();
            let names = all.iter().map(|one| one["name"].as_str().unwrap().to_owned());
            // Registered at one moment, they stand in any order.
            let mut names: Vec<_> = names.collect();
            names.sort_unstable();
            names
        }
    };
    assert_eq!(names("frequent_complaints").await, ["Loud"]);
    assert_eq!(names("low_rater").await, ["Low"]);
    assert_eq!(names("any").await, ["Loud", "Low"]);
    assert_eq!(names("all").await.len(), 3);
    let loud_now = standing(&owner, &loud).await;
    assert_eq!((&loud_now["churn"], &loud_now["complaints"]), (&json!("MEDIUM"), &json!(3)));
    assert_eq!(standing(&owner, &low).await["average_rating"], 3.8);
    app.advance(TimeDelta::days(90));
    assert_eq!(names("any").await, [""; 0]);
}

#[tokio::test]
async fn the_list_leaves_as_a_table_without_formulas() {
    let app = App::start().await;
    let owner = app.staff("owner");
    for number in 0..3 {
        let body =
            json!({ "name": format!("=cmd{number}"), "email": format!("c{number}@example.net") });
        owner.post("/v1/admin/clients", &body).await.ok();
    }
    app.settle().await;
    let table = owner.get("/v1/admin/clients/export.csv?q=cmd").await;
    let lines: Vec<&str> = table.ok().text.lines().collect();
    assert!(lines[0].starts_with("client_id,name,email"), "{}", table.text);
    assert_eq!(lines.len(), 4);
    assert!(lines[1..].iter().all(|line| line.contains(",'=cmd")), "{}", table.text);
    app.staff("dispatcher").get("/v1/admin/clients/export.csv").await.is(403, "forbidden");
    let audit = app.following(owner.get("/v1/admin/audit-logs?action=client.export")).await;
    let outcomes: Vec<&Value> =
        audit.ok().body["items"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["denied", "success"]);
}

#[tokio::test]
async fn made_anew_every_row_is_the_same() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, first) = client(&owner, "Sam").await;
    let (samuel, second) = client(&owner, "Samuel").await;
    let (sams, third) = client(&owner, "Sams").await;
    for (id, route) in [(&sam, &first), (&samuel, &second), (&sams, &third)] {
        done(&app, &owner, &north, id).await;
        let note = json!({ "kind": "COMPLAINT", "text": "late" });
        owner.post(&format!("{route}/notes"), &note).await.ok();
        owner.post(&format!("{route}/feedback"), &json!({ "rating": 2 })).await.ok();
        // Read in several batches, where a rebuild reads one.
        app.settle().await;
        app.advance(TimeDelta::days(1));
    }
    owner.post(&format!("{first}/merge"), &json!({ "into_client_id": samuel })).await.ok();
    app.settle().await;
    owner.post(&format!("{second}/merge"), &json!({ "into_client_id": sams })).await.ok();
    app.settle().await;
    let all = standing(&owner, &third).await;
    assert_eq!(
        (&all["visits"], &all["complaints"], &all["lifetime_value_cents"]),
        (&json!(3), &json!(3), &json!(36_000))
    );
    for name in ["client_list", "client_records", "booking_list"] {
        let rebuild = Rebuild {
            owner: app.db.admin_url().parse().unwrap(),
            pool: &app.db.worker,
            masters: &keys(),
            reader: projections::reader(name).unwrap(),
            switch: Switch::Never,
        };
        let made = rebuild.run(&CancellationToken::new(), &mut |_| {}).await.unwrap();
        assert_eq!(made.differing, 0, "{name}: {:?}", made.differences);
    }
}
