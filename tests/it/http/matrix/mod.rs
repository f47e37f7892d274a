//! Every route × every parameter that names something × own, foreign, ended, missing, malformed × everybody who may ask.
//!
//! 1. Another organisation's id is answered byte for byte like one that nothing has, alive or ended.
//! 2. Whoever may not use a route learns nothing from it: the same 401 or 403 whatever is named.
//! 3. Nothing of another organisation is in any body or header, whatever is searched, filtered or paged by.
//! 4. Nothing of another organisation changes.
//!
//! Routes come from their declarations. A new one takes part by itself, or the first test says what it lacks.

mod cells;
mod fill;
mod keys;
mod routes;
mod statements;
mod world;

use serde_json::Value;

use self::cells::{Cells, Class};
use self::world::World;
use crate::harness::client::Answer;

#[test]
fn every_route_of_the_description_can_be_asked_about_every_id() {
    let (routes, missing) = routes::all();
    assert_eq!(missing, Vec::<String>::new(), "see tests/it/http/matrix/fill.rs");
    for (title, _) in fill::BODIES {
        assert!(routes.iter().any(|route| route.title == *title), "there is no {title} any more");
    }
}

#[tokio::test]
async fn whoever_asks_for_whatever_learns_of_their_own_organisation_only() {
    let world = World::start().await;
    let (routes, _) = routes::all();
    let before = world.app.position(1).await;
    let mut cells = Cells::new(&world);
    for route in routes.iter().filter(|route| route.declared.access != "monitor") {
        for caller in &world.callers {
            cells.run(route, caller).await;
        }
    }
    assert_eq!(world.app.position(1).await, before, "the other organisation was changed");
    eprintln!("{} routes, {} callers, {} cells", routes.len(), world.callers.len(), cells.count);
    assert!(cells.count > 2_000, "only {} cells", cells.count);
}

/// What is looked for above is there to be found: its own staff read all of it on these same routes.
#[tokio::test]
async fn what_must_not_be_seen_by_others_is_seen_by_ones_own() {
    let world = World::start().await;
    let org = &world.orgs[1];
    let mut seen = String::new();
    for route in routes::all().0.iter().filter(|route| route.reads()) {
        let needs_session = route.declared.path.starts_with("/v1/auth/");
        if route.declared.access == "monitor" || needs_session {
            continue;
        }
        let mut path = format!("GET {}", route.path);
        for id in route.in_path() {
            let own = &org.alive[routes::meaning(&id.name)];
            path = path.replace(&format!("{{{}}}", id.name), own);
        }
        seen += &world.send(&org.owner, &path, "").await.text;
    }
    assert!(seen.contains(org.mark));
    for (name, id) in &org.alive {
        assert!(seen.contains(id), "no route shows its own staff any {name}");
    }
}

/// The same key under the same address is two keys in two organisations.
#[tokio::test]
async fn a_key_that_another_organisation_used_is_not_used() {
    let world = World::start().await;
    let (routes, _) = routes::all();
    let creating = routes.iter().filter(|route| {
        !route.reads() && route.ids.iter().all(|id| id.place == routes::Place::Body)
    });
    let mut tried = 0;
    // Staff have no session at the portals, which have tests of their own.
    let is_for_staff = |access: &str| !["client", "worker"].contains(&access);
    let creating = creating
        .filter(|route| route.declared.method == "POST" && is_for_staff(route.declared.access));
    for route in creating.filter(|route| route.declared.is_command()) {
        let Some(body) = route.body() else { continue };
        // What names things of one organisation means nothing to the other. A way is as long for everybody, and where nothing is
        // overdue nobody is reminded.
        let says_the_same = ["/routes/estimate", "/overdue_remind"];
        let says_the_same = says_the_same.iter().any(|end| route.title.ends_with(end));
        if body.contains("_id}") || says_the_same {
            continue;
        }
        // Word for word the same, so that nothing but the organisation tells the two requests apart.
        let body = body.replace("{n}", "7").replace("{mark}", "m").replace("{month}", "2150-01");
        let body: Value = serde_json::from_str(&body).unwrap();
        let key = format!("key-{tried}");
        let [ours, theirs] = [0, 1].map(|org| world.orgs[org].owner.with("idempotency-key", &key));
        let theirs = theirs.post(&route.path, &body).await;
        // What has to be there before is asked for in tests of its own.
        if theirs.status == 404 {
            continue;
        }
        let ours = ours.post(&route.path, &body).await;
        assert_eq!(ours.header("idempotency-replayed"), None, "{}", route.title);
        // An address belongs to one person in all organisations, and that is all there is to learn.
        if ours.status != 409 {
            assert_ne!(theirs.ok().text, ours.ok().text, "{}", route.title);
        }
        tried += 1;
    }
    assert!(tried >= 4, "{tried}");
}

/// All that a client can tell two answers by, except for the id that it sent itself.
fn told(answer: &Answer, sent: &str) -> (u16, Vec<String>, String) {
    // How many requests are left depends on how many were sent.
    let varying =
        ["x-request-id", "x-correlation-id", "date", "ratelimit-remaining", "ratelimit-reset"];
    let headers = answer.headers.iter().filter(|(name, _)| !varying.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
    let without =
        |text: &str| if sent.is_empty() { text.to_owned() } else { text.replace(sent, "{id}") };
    (answer.status, headers.map(|header| without(&header)).collect(), without(&answer.text))
}

/// What a request names.
fn named(world: &World, class: Class, parameter: &str) -> String {
    let name = routes::meaning(parameter);
    let [ours, theirs] = &world.orgs;
    let own = &ours.alive[name];
    let ended = |org: &world::Org| org.ended.get(name).unwrap_or(&org.alive[name]).clone();
    match class {
        Class::Own => own.clone(),
        Class::Ended => ended(ours),
        Class::Foreign => theirs.alive[name].clone(),
        Class::ForeignEnded => ended(theirs),
        Class::Missing if own.len() == world::NOBODY.len() => world::NOBODY.to_owned(),
        Class::Missing => "0".repeat(own.len()),
        Class::Malformed => "not-an-id".to_owned(),
    }
}
