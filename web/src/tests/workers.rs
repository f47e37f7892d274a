//! Workers and their files, as staff see them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{FakeApi, LEAD, QUOTE};

pub(super) fn told(path: &str) -> Option<Value> {
    let mut worker = json!({
        "worker_id": LEAD, "name": "<b>Dana</b>", "phone": "780-555-0111", "email": null, "role": "cleaner",
        "team_id": 2, "is_active": true, "rating_avg": 4.5, "rating_count": 2, "skills": ["deep_clean"],
    });
    let one = format!("/v1/admin/workers/{LEAD}");
    if path == "/v1/admin/workers" {
        let mut other = worker.clone();
        (other["name"], other["team_id"]) = ("Of another team".into(), 3.into());
        return Some(json!({ "items": [worker, other], "next_cursor": "more" }));
    }
    if path == one {
        // So that the answer carries a version.
        worker["client_id"] = LEAD.into();
        return Some(worker);
    }
    (path == format!("{one}/file")).then(|| {
        json!({
            "role": "cleaner", "skills": ["deep_clean"], "hourly_rate_cents": 2_750,
            "onboarding": { "docs_received": true, "background_check": false },
            "certificates": [{
                "cert_id": QUOTE, "name": "Ladder <Safety>", "status": "active", "expires_at": "2030-03-11",
                "badge": "7_days",
            }],
            "compliance": [
                { "skill": "deep_clean", "certificate": "Chemical Handling", "state": "missing" },
            ],
            "notes": [{
                "kind": "incident", "severity": "low", "text": "A vase", "created_at": "2030-03-04T12:00:00Z",
            }],
            "reviews": [], "rating_avg": 4.5, "planned_transfer": { "team_id": 3, "effective": "2030-04-01" },
        })
    })
}

#[tokio::test]
async fn the_list_keeps_what_it_was_asked_for_and_leads_to_the_worker() {
    let mut api = FakeApi::signed_in("owner").await;
    let list = api.browser.get("/workers?skills=deep_clean&availability=free").await;
    assert!(list.shows("&#60;b&#62;Dana&#60;/b&#62;") && list.shows("4.50 (2)"), "{}", list.html);
    assert!(list.shows("availability=free&#38;cursor=more"), "{}", list.html);
    let page = api.browser.get(&format!("/workers/{LEAD}")).await;
    for text in [
        "Ladder &#60;Safety&#62;",
        "ends within a week",
        "$27.50",
        "A vase",
        "Chemical Handling for deep clean: missing",
        "Papers are here",
        "from 2030-04-01 on South",
    ] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
}

#[tokio::test]
async fn what_is_written_down_is_sent_once_and_only_from_a_page_of_ours() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/workers/{LEAD}");
    let page = api.browser.get(&address).await;
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &key), ("step", "background_check"), ("done", "1")];
    let page = api.browser.post(&format!("{address}/onboarding"), &form).await;
    assert_eq!(page.header("location"), format!("{address}?saved=1"));
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{address}/onboarding"))[0];
    assert_eq!(asked.header("idempotency-key"), key);
    assert_eq!(asked.body, json!({ "step": "background_check", "done": true }));
    let page = api.browser.post(&format!("{address}/notes"), &[("text", "x")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn somebody_is_hired_into_a_team() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/workers/new?team_id=3").await;
    assert!(page.shows(r#"<option value="3" selected>South"#), "{}", page.html);
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [
        ("csrf", &*csrf),
        ("key", &key),
        ("name", "Wes"),
        ("phone", "780"),
        ("email", ""),
        ("team_id", "3"),
    ];
    let page = api.browser.post("/workers/new", &form).await;
    assert_eq!(page.header("location"), format!("/workers/{LEAD}?saved=1"), "{}", page.html);
    let asked = &api.asked(&Method::POST, "/v1/admin/workers")[0];
    assert_eq!(asked.header("idempotency-key"), key);
    assert_eq!(asked.body, json!({ "name": "Wes", "phone": "780", "team_id": 3 }));
    assert!(api.browser.get("/workers").await.shows("/workers/new"));
}

/// A form, how it is sent and where, what is typed in it, and what becomes of it.
type Sent = (&'static str, Method, &'static str, Vec<(&'static str, &'static str)>, Value);

fn sent() -> Vec<Sent> {
    let who = vec![("name", "Dana D"), ("phone", "781"), ("email", "")];
    vec![
        (
            "profile",
            Method::PATCH,
            "",
            who,
            json!({ "name": "Dana D", "phone": "781", "email": "" }),
        ),
        (
            "file",
            Method::PATCH,
            "/file",
            vec![("role", "lead"), ("skills", "deep_clean, windows,")],
            json!({ "role": "lead", "skills": ["deep_clean", "windows"] }),
        ),
        (
            "rate",
            Method::POST,
            "/rates",
            vec![("hourly_rate_cents", "28.50"), ("effective", "2030-04-01")],
            json!({ "hourly_rate_cents": 2_850, "effective": "2030-04-01" }),
        ),
        ("transfer", Method::POST, "/transfer", vec![("team_id", "3")], json!({ "team_id": 3 })),
    ]
}

#[tokio::test]
async fn everything_about_a_worker_is_changed_with_version_and_key() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/workers/{LEAD}");
    let page = api.browser.get(&address).await;
    assert!(page.shows("Vacation") && page.shows("2030-03-11 00:00 MDT"), "{}", page.html);
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let own = [("csrf", &*csrf), ("key", &key), ("version", "4")];
    for (form, method, path, typed, body) in sent() {
        let fields = [&own[..], &typed].concat();
        let page = api.browser.post(&format!("{address}/{form}"), &fields).await;
        assert_eq!(page.header("location"), format!("{address}?saved=1"), "{form}: {}", page.html);
        let asked = &api.asked(&method, &format!("/v1/admin{address}{path}"))[0];
        assert_eq!((asked.header("if-match"), asked.header("idempotency-key")), ("\"4\"", &*key));
        assert_eq!(asked.body, body, "{form}");
    }
    let unreadable = [&own[..], &[("hourly_rate_cents", "plenty")]].concat();
    let page = api.browser.post(&format!("{address}/rate"), &unreadable).await;
    assert!(page.shows(r#"id="hourly_rate_cents-error">Write an amount"#), "{}", page.html);
    let old = [("csrf", &*csrf), ("key", &key), ("version", "3"), ("name", "Danae")];
    let page = api.browser.post(&format!("{address}/profile"), &old).await;
    assert!(page.status == StatusCode::CONFLICT && page.shows("Danae"), "{}", page.html);
}

#[tokio::test]
async fn a_password_for_one_use_is_shown_once() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/workers/{LEAD}");
    let page = api.browser.get(&address).await;
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &key)];
    let page = api.browser.post(&format!("{address}/password"), &form).await;
    assert!(page.status == StatusCode::OK && page.shows("Mop-and-9-pails"), "{}", page.html);
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{address}/reset-password"))[0];
    assert_eq!(asked.header("idempotency-key"), key);
    assert!(!api.browser.get(&address).await.shows("Mop-and-9-pails"));
}
