//! Two clients turn out to be one person.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{client, each};
use crate::harness::{App, Client};
use crate::http::id_in;
use crate::http::portal::client_in;
use crate::http::scheduling::{at_ten, booked, lead, team, text, visit};

async fn merge(owner: &Client, route: &str, into: &str) -> crate::harness::client::Answer {
    owner.post(&format!("{route}/merge"), &json!({ "into_client_id": into })).await
}

#[tokio::test]
async fn whoever_stays_has_the_visits_the_words_and_the_worth_of_whoever_went() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (double, at_old) = client_in(&app, 0, "old@example.org").await;
    let (stays, at_portal) = client_in(&app, 0, "new@example.org").await;
    let (old, new) = (id_in(&double), id_in(&stays));
    let first = booked(&owner, &visit(&north, old, at_ten(&app, 9), &json!({}))).await;
    let first = text(first.ok(), "booking_id");
    let second = booked(&owner, &visit(&north, new, at_ten(&app, 10), &json!({}))).await;
    let second = text(second.ok(), "booking_id");
    let note = json!({ "kind": "PRAISE", "text": "kind" });
    owner.post(&format!("{double}/notes"), &note).await.ok();
    let weekly = json!({
        "client_id": old, "frequency": "WEEKLY", "start_date": at_ten(&app, 20).date_naive(),
        "structured_inputs": { "beds": 2, "baths": 1 },
    });
    owner.post("/v1/admin/subscriptions", &weekly).await.ok();

    let gone = merge(&owner, &double, new).await;
    assert_eq!(
        (&gone.ok().body["merged_into"], &gone.body["is_active"]),
        (&json!(new), &json!(false))
    );
    at_old.get("/client/me").await.is(401, "unauthenticated");
    app.settle().await;
    let orders = at_portal.get("/client/orders").await;
    assert_eq!(each(&orders, "order_id"), [&json!(second), &json!(first)]);
    at_portal.get(&format!("/client/orders/{first}")).await.ok();
    let listed = owner.get(&format!("/v1/admin/bookings?client_id={new}")).await;
    assert_eq!(each(&listed, "client_id"), [&json!(old), &json!(new)], "visits stay as they are");
    let notes = owner.get(&format!("{stays}/notes")).await;
    assert_eq!(each(&notes, "text"), [&json!("kind")]);
    assert_eq!(at_portal.get("/client/subscriptions").await.ok().body.as_array().unwrap().len(), 1);
    assert_eq!(owner.get(&stays).await.ok().body["merged"], json!([old]));
    let active = owner.get("/v1/admin/clients").await;
    assert_eq!(active.ok().body["items"].as_array().unwrap().len(), 1);
    let archived = owner.get("/v1/admin/clients?show=archived").await;
    assert_eq!(archived.ok().body["items"][0]["merged_into"], new);

    // What is asked of whoever went is refused; a visit for them is one for whoever stayed.
    owner.patch(&double, &json!({ "name": "x" })).await.is(409, "client.merged");
    owner.post(&format!("{double}/login-link"), &json!({})).await.is(409, "client.merged");
    let made = booked(&owner, &visit(&north, old, at_ten(&app, 11), &json!({}))).await;
    assert_eq!(made.ok().body["client_id"], new);
    // Their address finds whoever stayed, and is theirs if they want it.
    let ask = json!({ "email": "old@example.org" });
    app.anyone().post("/client/login/request", &ask).await.ok();
    app.settle().await;
    let links: Vec<uuid::Uuid> = sqlx::query_scalar("select client_id from portal_links")
        .fetch_all(&mut app.db.admin().await)
        .await
        .unwrap();
    assert_eq!(links, [new.parse::<uuid::Uuid>().unwrap()]);
    let eve = json!({ "name": "Eve", "email": "old@example.org" });
    owner.post("/v1/admin/clients", &eve).await.is(409, "client.email_taken");
    owner.patch(&stays, &json!({ "email": "old@example.org" })).await.ok();
    at_portal.get("/client/me").await.ok();
}

#[tokio::test]
async fn a_visitor_with_an_address_of_somebody_who_went_is_whoever_stayed() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    app.settle().await;
    let lead = lead(&app, "Ana", 4001).await;
    let asked = json!({ "name": "Ana", "email": "visitor4001@example.net" });
    let double = owner.post("/v1/admin/clients", &asked).await;
    let double = format!("/v1/admin/clients/{}", text(double.ok(), "client_id"));
    let (stays, _) = client(&owner, "Anna").await;
    merge(&owner, &double, &stays).await.ok();
    let body = json!({ "lead_id": lead, "starts_at": at_ten(&app, 7), "time_on_site_hours": 2 });
    let made = app.anyone().post("/v1/bookings", &body).await;
    app.settle().await;
    let route = format!("/v1/admin/bookings/{}", text(made.ok(), "booking_id"));
    assert_eq!(owner.get(&route).await.ok().body["client_id"], stays);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_merge_each_other_at_once_one_stays() {
    let app = App::start().await;
    let owner = app.staff("owner");
    for round in 0..5 {
        let (one, first) = client(&owner, &format!("One{round}")).await;
        let (two, second) = client(&owner, &format!("Two{round}")).await;
        let staff = [app.staff("owner"), app.staff("owner")];
        let (there, back) =
            tokio::join!(merge(&staff[0], &first, &two), merge(&staff[1], &second, &one));
        let won = [&there, &back].iter().filter(|one| one.status == 200).count();
        assert_eq!(won, 1, "{} {}", there.text, back.text);
        let lost = if there.status == 200 { back } else { there };
        assert!(
            ["client.survivor_merged", "client.merged"].contains(&lost.code()),
            "{}",
            lost.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_twice_at_once_somebody_has_gone_to_one() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, double) = client(&owner, "Double").await;
    let mut stay = Vec::new();
    for number in 0..6 {
        stay.push(client(&owner, &format!("Stay{number}")).await.0);
    }
    let staff: Vec<_> = stay.iter().map(|_| app.staff("owner")).collect();
    let answers =
        join_all(staff.iter().zip(&stay).map(|(one, into)| merge(one, &double, into))).await;
    let won: Vec<_> = answers.iter().filter(|one| one.status == 200).collect();
    assert_eq!(won.len(), 1);
    for lost in answers.iter().filter(|one| one.status != 200) {
        lost.is(409, "client.merged");
    }
    let into = won[0].body["merged_into"].clone();
    let again = merge(&owner, &double, into.as_str().unwrap()).await;
    assert_eq!(again.ok().body["merged_into"], into, "already so");
    app.settle().await;
    let all = owner.get("/v1/admin/clients?show=archived").await;
    assert_eq!(all.ok().body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn not_everybody_is_merged() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (one, first) = client(&owner, "One").await;
    let (two, second) = client(&owner, "Two").await;
    let (three, third) = client(&owner, "Three").await;
    merge(&owner, &first, &one).await.is(422, "client.merge_self");
    let elsewhere = client(&app.staff_of(1, "owner"), "Elsewhere").await.0;
    for nobody in [elsewhere.as_str(), "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d"] {
        merge(&owner, &first, nobody).await.is(404, "client.not_found");
    }
    owner.post(&format!("{first}/block"), &json!({ "reason": "x" })).await.ok();
    merge(&owner, &first, &two).await.is(409, "client.merge_blocked");
    owner.post(&format!("{first}/unblock"), &json!({})).await.ok();
    merge(&owner, &second, &three).await.ok();
    merge(&owner, &first, &two).await.is(409, "client.survivor_merged");
    merge(&owner, &third, &two).await.is(409, "client.survivor_merged");
    app.staff("viewer")
        .post(&format!("{first}/merge"), &json!({ "into_client_id": two }))
        .await
        .is(403, "forbidden");

    // Chains end where the last one stays.
    merge(&owner, &third, &one).await.ok();
    app.settle().await;
    let archived = owner.get("/v1/admin/clients?show=archived").await;
    let all = archived.ok().body["items"].as_array().unwrap();
    assert!(all.len() == 2 && all.iter().all(|line| line["merged_into"] == json!(one)), "{all:?}");
}

#[tokio::test]
async fn who_is_forgotten_is_forgotten_under_every_name() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, double) = client(&owner, "Quokkina").await;
    let (stays, route) = client(&owner, "Wombatina").await;
    merge(&owner, &double, &stays).await.ok();
    app.settle().await;
    let erase = format!("/v1/admin/subjects/{stays}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    app.settle().await;
    for route in [&double, &route] {
        assert_eq!(owner.get(route).await.ok().body["name"], "[erased]");
    }
    let mut admin = app.db.admin().await;
    let left = crate::http::erasure::search(&mut admin, &["quokkina", "wombatina"]).await;
    assert_eq!(left, [""; 0]);
    let list = owner.get("/v1/admin/clients?show=all&q=erased").await;
    let all: Vec<&Value> = list.ok().body["items"].as_array().unwrap().iter().collect();
    assert_eq!(all.len(), 2);
}
