//! The login of the environment that a whole team shares.

use chrono::TimeDelta;
use domain::people::worker::TeamNumber;
use serde_json::{Value, json};

use super::{CHOSEN, before, login, with_token};
use crate::harness::App;
use crate::harness::app::Front;

const NAME: &str = "crew";
const PASSWORD: &str = "mop-and-pail-of-all";

fn front(password: &str) -> Front {
    let team = TeamNumber::parse(2).unwrap();
    let shared = api::SharedLogin { username: NAME.to_owned(), password: password.into(), team };
    let mut front = Front::default();
    front.portal.shared = Some(shared);
    front
}

#[tokio::test]
async fn a_team_comes_in_by_its_own_login_and_is_nobody_in_particular() {
    let app = App::start_edge(front(PASSWORD)).await;
    let first = login(&before(&app, 0), NAME, PASSWORD).await;
    assert_eq!((&first.ok().body["worker_id"], &first.body["team_id"]), (&Value::Null, &json!(2)));
    let crew = with_token(&app, &first);
    let me = crew.get("/worker/me").await;
    assert_eq!(
        (&me.ok().body["worker_id"], &me.body["name"], &me.body["team_id"]),
        (&Value::Null, &json!("Team 2"), &json!(2))
    );
    assert_eq!(crew.get("/worker/org-context").await.ok().body["org_id"], json!(app.orgs[0].id));
    assert_eq!(crew.get("/worker/sessions").await.ok().body["sessions"], json!([]));
    // Its password is that of the environment.
    let change = json!({ "current_password": PASSWORD, "new_password": CHOSEN });
    crew.post("/worker/change-password", &change).await.is(401, "unauthenticated");
    crew.post("/worker/logout", &json!({})).await.ok();
    crew.get("/worker/me").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn it_is_that_of_one_organisation_and_of_the_portal_of_workers() {
    let app = App::start_edge(front(PASSWORD)).await;
    login(&before(&app, 1), NAME, PASSWORD).await.is(401, "unauthenticated");
    let crew = with_token(&app, &login(&before(&app, 0), NAME, PASSWORD).await);
    crew.with("x-org", &app.orgs[1].slug).get("/worker/me").await.is(401, "unauthenticated");
    crew.get("/client/me").await.is(401, "unauthenticated");
    crew.get("/v1/admin/leads").await.is(401, "unauthenticated");
    let staff = app.anyone().signed_in(NAME, PASSWORD);
    staff.get("/v1/admin/leads").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn another_password_ends_every_session_and_so_does_taking_it_away() {
    let app = App::start_edge(front(PASSWORD)).await;
    let first = login(&before(&app, 0), NAME, PASSWORD).await;
    for front in [front("another-mop-and-pail"), Front::default()] {
        let later = app.beside_front(front).await;
        with_token(&later, &first).get("/worker/me").await.is(401, "unauthenticated");
        login(&before(&later, 0), NAME, PASSWORD).await.is(401, "unauthenticated");
    }
    with_token(&app, &first).get("/worker/me").await.ok();
    app.advance(TimeDelta::hours(12));
    with_token(&app, &first).get("/worker/me").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn guessing_it_ends_as_guessing_any_other_does() {
    let app = App::start_edge(front(PASSWORD)).await;
    let team = before(&app, 0);
    for guess in 0..10 {
        login(&team, NAME, &format!("guess {guess}")).await.is(401, "unauthenticated");
    }
    login(&team, NAME, PASSWORD).await.is(429, "too_many_attempts");
}
