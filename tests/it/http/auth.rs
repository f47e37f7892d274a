//! Who may come in, and who may do what.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::with_lead;
use crate::harness::App;
use crate::harness::logins::{PASSWORD, hash, put_login};

const WHOAMI: &str = "/v1/admin/whoami";

#[tokio::test]
async fn without_a_readable_login_nobody_comes_in() {
    let app = App::start().await;
    let anyone = app.anyone();
    for client in [
        anyone.clone(),
        anyone.with("authorization", "Basic"),
        anyone.with("authorization", "Basic !!!"),
        anyone.with("authorization", "Basic bm9jb2xvbg=="),
        anyone.with("authorization", "Bearer abc"),
        anyone.clone().signed_in("owner-first", "wrong"),
        anyone.clone().signed_in("nobody", PASSWORD),
        anyone.clone().signed_in("", ""),
        anyone.clone().signed_in("owner\u{0}-first", PASSWORD),
    ] {
        let answer = client.get(WHOAMI).await;
        answer.is(401, "unauthenticated");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Basic realm=") || challenge == "Bearer");
    }
    let owner = app.staff("owner").get(WHOAMI).await;
    assert_eq!(owner.ok().body["username"], "owner-first");
    assert_eq!(
        (&owner.body["role"], &owner.body["org_id"]),
        (&json!("owner"), &json!(app.orgs[0].id))
    );
}

#[tokio::test]
async fn the_eleventh_wrong_guess_waits_and_so_does_the_right_one() {
    let app = App::start().await;
    for guess in 0..10 {
        let wrong = app.anyone().signed_in("owner-first", &format!("guess {guess}"));
        wrong.get(WHOAMI).await.is(401, "unauthenticated");
    }
    let refused = app.staff("owner").get(WHOAMI).await;
    let wait: i64 =
        refused.is(429, "too_many_attempts").header("retry-after").unwrap().parse().unwrap();
    assert!(wait > 890 && wait <= 901, "{wait}");
    app.staff("admin").get(WHOAMI).await.ok();
    app.advance(TimeDelta::seconds(wait));
    app.staff("owner").get(WHOAMI).await.ok();
}

#[tokio::test]
async fn whoever_hangs_up_before_the_answer_has_guessed_nothing() {
    let app = App::start().await;
    let basic = STANDARD.encode(format!("owner-first:{PASSWORD}"));
    let address = app.address.strip_prefix("http://").unwrap();
    let mut db = app.db.admin().await;
    let mut counted = async || -> i64 {
        let count = "select coalesce(sum(cardinality(times)), 0)::bigint from failed_attempts";
        sqlx::query_scalar(count).fetch_one(&mut db).await.unwrap()
    };
    for number in 0..40 {
        // Another host each time: whoever was let in there before is not asked again.
        let request = format!(
            "GET {WHOAMI} HTTP/1.1\r\nhost: h{number}\r\nauthorization: Basic {basic}\r\n\r\n"
        );
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        // Whichever is first: it counts, or it is over already.
        for _ in 0..20 {
            if counted().await > 0 {
                break;
            }
        }
        drop(client);
    }
    for _ in 0..50_000 {
        if counted().await == 0 {
            break;
        }
    }
    assert_eq!(counted().await, 0);
    app.staff("owner").get(WHOAMI).await.ok();
}

#[tokio::test]
async fn asking_in_the_wrong_organisation_with_the_right_password_locks_nobody_out() {
    let app = App::start().await;
    let lost = app.staff("owner").with("x-org", &app.orgs[1].slug);
    for _ in 0..11 {
        lost.get(WHOAMI).await.is(401, "unauthenticated");
    }
    app.staff("owner").get(WHOAMI).await.ok();
}

#[tokio::test]
async fn the_same_name_in_two_organisations_is_told_apart() {
    let app = App::start().await;
    put_login(&app.db, app.orgs[0].id, "sam", "viewer", &hash("one")).await;
    put_login(&app.db, app.orgs[1].id, "sam", "owner", &hash("two")).await;
    for (org, password, role) in [(0, "one", "viewer"), (1, "two", "owner")] {
        let sam = app.anyone().signed_in("sam", password);
        let told = sam.get(WHOAMI).await;
        assert_eq!(
            (&told.ok().body["role"], &told.body["org_id"]),
            (&json!(role), &json!(app.orgs[org].id))
        );
        let other = sam.with("x-org", &app.orgs[1 - org].slug);
        other.get(WHOAMI).await.is(401, "unauthenticated");
    }
    // With the same password too, somebody has to say which.
    put_login(&app.db, app.orgs[1].id, "kim", "owner", &hash("same")).await;
    put_login(&app.db, app.orgs[0].id, "kim", "admin", &hash("same")).await;
    let kim = app.anyone().signed_in("kim", "same");
    kim.get(WHOAMI).await.is(409, "ambiguous_organisation");
    for (org, role) in [(0, "admin"), (1, "owner")] {
        let told = kim.with("x-org", &app.orgs[org].slug).get(WHOAMI).await;
        assert_eq!(told.ok().body["role"], role);
    }
}

#[tokio::test]
async fn a_role_is_told_its_permissions_in_order() {
    let app = App::start().await;
    let told = app.staff("viewer").get("/v1/admin/profile").await;
    let wanted = ["bookings.view", "contacts.view", "core.view", "invoices.view", "reports.view"];
    assert_eq!(told.ok().body["permissions"], json!(wanted));
}

/// Who may, in the order of [`crate::harness::logins::ROLES`].
const READ: [bool; 6] = [true, true, true, false, true, false];
const CHANGE: [bool; 6] = [true, true, true, false, false, false];
const ADMIN: [bool; 6] = [true, true, false, false, false, false];

type Guarded = (Method, String, Value, [bool; 6], &'static str);

/// Every route of staff with a body it takes, who may call it, and the permission a refusal names.
fn routes(lead: &str, quote: &str) -> Vec<Guarded> {
    let id = super::id_in(lead);
    let nobody = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";
    let (offer, entry, note) =
        (json!({ "amount": 100 }), json!({ "action": "a" }), json!({ "note": "n" }));
    vec![
        (Method::GET, "/v1/admin/leads".to_owned(), Value::Null, READ, "contacts.view"),
        (Method::GET, "/v1/admin/leads?as_of=1".to_owned(), Value::Null, READ, "contacts.view"),
        (Method::GET, lead.to_owned(), Value::Null, READ, "contacts.view"),
        (Method::GET, format!("{lead}?as_of=2"), Value::Null, READ, "contacts.view"),
        (Method::GET, format!("{lead}/quotes"), Value::Null, READ, "contacts.view"),
        (Method::PATCH, lead.to_owned(), json!({ "notes": "n" }), CHANGE, "contacts.edit"),
        (
            Method::POST,
            format!("{lead}/status"),
            json!({ "status": "CONTACTED" }),
            CHANGE,
            "contacts.edit",
        ),
        (Method::POST, format!("{lead}/timeline"), entry, CHANGE, "contacts.edit"),
        (Method::POST, format!("{lead}/quotes"), offer.clone(), CHANGE, "contacts.edit"),
        (Method::POST, format!("{quote}/revise"), offer, CHANGE, "contacts.edit"),
        (Method::POST, format!("{quote}/followups"), note, CHANGE, "contacts.edit"),
        (Method::POST, format!("{quote}/send"), json!({}), CHANGE, "contacts.edit"),
        (Method::POST, format!("{quote}/accept"), json!({}), CHANGE, "contacts.edit"),
        (Method::POST, format!("{quote}/decline"), json!({}), CHANGE, "contacts.edit"),
        (Method::GET, format!("/v1/admin/history/lead/{id}"), Value::Null, ADMIN, "admin.manage"),
        (
            Method::GET,
            "/v1/admin/history/checkpoints".to_owned(),
            Value::Null,
            ADMIN,
            "admin.manage",
        ),
        (
            Method::POST,
            "/v1/admin/history/checkpoints".to_owned(),
            json!({}),
            ADMIN,
            "admin.manage",
        ),
        (Method::GET, "/v1/admin/events".to_owned(), Value::Null, ADMIN, "admin.manage"),
        (Method::GET, "/v1/admin/audit-logs".to_owned(), Value::Null, ADMIN, "admin.manage"),
        (Method::GET, "/v1/admin/effects".to_owned(), Value::Null, ADMIN, "admin.manage"),
        (Method::GET, "/v1/admin/queue/dlq".to_owned(), Value::Null, ADMIN, "admin.manage"),
        (
            Method::POST,
            format!("/v1/admin/subjects/{nobody}/erase"),
            json!({ "reason": "r" }),
            ADMIN,
            "admin.manage",
        ),
    ]
}

#[tokio::test]
async fn each_route_serves_the_roles_with_its_permission_and_no_other() {
    let (app, lead, owner) = with_lead().await;
    let offer = json!({ "amount": 100 });
    let quote = owner.post(&format!("{lead}/quotes"), &offer).await;
    let quote = format!("{lead}/quotes/{}", quote.ok().body["quote_id"].as_str().unwrap());
    app.settle().await;
    let routes = routes(&lead, &quote);
    for (method, path, body, allowed, permission) in routes {
        for (role, may) in crate::harness::logins::ROLES.into_iter().zip(allowed) {
            let before = app.position(0).await;
            let staff = app.staff(role).with("content-type", "application/json");
            let sent = (!body.is_null()).then(|| body.to_string().into_bytes());
            let answer = staff.send(method.clone(), &path, sent).await;
            assert_eq!(answer.status != 403, may, "{role} {method} {path}: {}", answer.text);
            assert_ne!(answer.status, 401);
            if !may {
                let field = json!([{ "field": "permission", "message": permission }]);
                assert_eq!(answer.is(403, "forbidden").body["errors"], field, "{path}");
                assert_eq!(app.position(0).await, before);
            }
        }
        let sent = (!body.is_null()).then(|| body.to_string().into_bytes());
        let stranger = app.anyone().with("content-type", "application/json");
        stranger.send(method, &path, sent).await.is(401, "unauthenticated");
    }
}
