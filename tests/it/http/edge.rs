//! How requests come in: how often, from where, from which pages.

use std::time::Duration;

use api::{Cors, EdgeOptions, Limits, PerMinute, Proxies, RateOptions};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use sqlx::Executor;

use crate::harness::app::Front;
use crate::harness::client::Answer;
use crate::harness::redis::Redis;
use crate::harness::{App, Client};

const WHOAMI: &str = "/v1/admin/whoami";

/// Three changes a minute for strangers, two of each action for an organisation.
fn narrow() -> Front {
    let rate = RateOptions::local(PerMinute::new(3, 2));
    let edge = EdgeOptions { proxies: Proxies::private(), ..EdgeOptions::default() };
    Front { edge, rate, ..Front::default() }
}

/// A change that fails when it is let through.
async fn knock(client: &Client) -> Answer {
    client.post("/v1/leads", &json!({})).await
}

fn from(app: &App, address: &str) -> Client {
    app.anyone().with("x-forwarded-for", address)
}

fn number(answer: &Answer, header: &str) -> i64 {
    answer.header(header).unwrap_or_else(|| panic!("no {header}")).parse().unwrap()
}

#[tokio::test]
async fn who_has_asked_often_enough_waits_as_long_as_told() {
    let app = App::start_edge(narrow()).await;
    let visitor = from(&app, "203.0.113.9");
    for left in [2, 1, 0] {
        let answer = knock(&visitor).await;
        answer.is(422, "validation_failed");
        assert_eq!(number(&answer, "ratelimit-limit"), 3);
        assert_eq!(number(&answer, "ratelimit-remaining"), left);
    }
    let refused = knock(&visitor).await;
    refused.is(429, "rate_limited");
    assert_eq!(refused.body["type"], "/problems/rate-limit");
    assert_eq!(refused.body["detail"], "Rate limit exceeded");
    assert_eq!(number(&refused, "ratelimit-remaining"), 0);
    assert_eq!(refused.header("x-frame-options"), Some("DENY"));
    let wait = number(&refused, "retry-after");
    assert!((1..=61).contains(&wait) && wait == number(&refused, "ratelimit-reset"), "{wait}");

    // Others are not concerned, nor are the same visitor's queries.
    knock(&from(&app, "203.0.113.8")).await.is(422, "validation_failed");
    let query = visitor.post("/v1/estimate", &json!({ "beds": 2, "baths": 1 })).await;
    assert_eq!(number(query.ok(), "ratelimit-limit"), 12);
    app.advance(TimeDelta::seconds(wait));
    knock(&visitor).await.is(422, "validation_failed");

    let metrics = app.anyone().with("authorization", "Bearer scrape-token").get("/metrics").await;
    let counted = r#"rate_limit_decisions_total{bucket="write",outcome="limited"} "#;
    let line = metrics.text.lines().find_map(|line| line.strip_prefix(counted)).unwrap();
    assert!(line.parse::<u64>().unwrap() > 0);
    let counted = r#"http_requests_total{method="POST",path="/v1/leads",status="429""#;
    assert!(metrics.text.contains(counted), "{}", metrics.text);
}

#[tokio::test]
async fn one_office_with_many_people_is_not_starved_by_its_visitors() {
    let app = App::start_edge(narrow()).await;
    for _ in 0..4 {
        knock(&app.anyone()).await;
    }
    knock(&app.anyone()).await.is(429, "rate_limited");
    let owner = app.staff("owner").get(WHOAMI).await;
    assert_eq!(number(owner.ok(), "ratelimit-limit"), 3 * 4 * 20);
    assert_eq!(number(&owner, "ratelimit-remaining"), 239);
    let admin = app.staff("admin").get(WHOAMI).await;
    assert_eq!(number(admin.ok(), "ratelimit-remaining"), 239, "each has their own");
}

#[tokio::test]
async fn whoever_is_refused_too_often_is_not_listened_to_any_more() {
    let app = App::start_edge(narrow()).await;
    app.staff("owner").get(WHOAMI).await.ok();
    let guess = |number: i32| app.anyone().signed_in(&format!("guess-{number}"), "wrong");
    for number in 0..3 {
        guess(number).get(WHOAMI).await.is(401, "unauthenticated");
    }
    guess(3).get(WHOAMI).await.is(429, "rate_limited");
    app.anyone().get(WHOAMI).await.is(429, "rate_limited");
    // Whoever was known before goes on.
    app.staff("owner").get(WHOAMI).await.ok();
    app.advance(TimeDelta::seconds(61));
    guess(4).get(WHOAMI).await.is(401, "unauthenticated");
}

#[tokio::test]
async fn monitors_ask_as_often_as_they_like_and_searchers_do_not() {
    let app = App::start_edge(narrow()).await;
    for _ in 0..20 {
        let answer = app.anyone().get("/livez").await;
        assert!(answer.ok().header("ratelimit-limit").is_none());
    }
    for _ in 0..12 {
        app.anyone().get("/wp-login").await.is(404, "route_not_found");
    }
    app.anyone().get("/.env").await.is(429, "rate_limited");
    app.anyone().get("/healthz").await.ok();
}

#[tokio::test]
async fn signing_in_is_limited_by_address_and_by_account() {
    let app = App::start_edge(narrow()).await;
    let login = async |address: &str, name: &str| {
        let body = json!({ "email": format!("{name}@example.net"), "password": "wrong" });
        from(&app, address).post("/v1/auth/login", &body).await
    };
    for attempt in 0..10 {
        let answer = login("203.0.113.9", &format!("one-{attempt}")).await;
        answer.is(401, "unauthenticated");
    }
    login("203.0.113.9", "one-10").await.is(429, "rate_limited");
    for last in 0..5 {
        login(&format!("198.51.100.{last}"), "one").await.is(401, "unauthenticated");
    }
    login("198.51.100.9", "one").await.is(429, "rate_limited");
    login("198.51.100.9", "another").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn an_action_that_hands_out_access_is_done_a_few_times_by_a_whole_organisation() {
    let app = App::start_edge(narrow()).await;
    let reset = async |org: usize, role: &str, key: &str| {
        let nobody = "/v1/iam/users/0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d/reset-temp-password";
        app.staff_of(org, role).with("idempotency-key", key).post(nobody, &json!({})).await
    };
    assert_eq!(reset(0, "owner", "a").await.status, 404);
    assert_eq!(reset(0, "admin", "b").await.status, 404);
    let refused = reset(0, "owner", "c").await;
    refused.is(429, "rate_limited");
    assert_eq!(refused.body["detail"], "Rate limit exceeded for this action");
    assert_eq!(reset(1, "owner", "d").await.status, 404, "another organisation is not concerned");
}

#[tokio::test]
async fn a_locked_out_visitor_is_known_by_the_address_the_proxies_tell() {
    let app = App::start_edge(Front { rate: Front::default().rate, ..narrow() }).await;
    let guess = |address: &str, number: i32| {
        from(&app, address).signed_in("owner-first", &format!("guess {number}"))
    };
    for number in 0..10 {
        // What stands left of the visitor was made up by the visitor.
        let made_up = format!("192.0.2.{number}, 203.0.113.9");
        guess(&made_up, number).get(WHOAMI).await.is(401, "unauthenticated");
    }
    guess("203.0.113.9", 10).get(WHOAMI).await.is(429, "too_many_attempts");
    guess("203.0.113.8", 10).get(WHOAMI).await.is(401, "unauthenticated");
    app.staff("owner").get(WHOAMI).await.ok();
}

#[tokio::test]
async fn pages_of_other_origins_read_what_they_may() {
    let cors = Cors::new(["https://app.example.net"]).unwrap();
    let edge = EdgeOptions { cors, ..EdgeOptions::default() };
    let app = App::start_edge(Front { edge, ..Front::default() }).await;
    let ask = async |origin: &str, method: Method| {
        let page = app.anyone().with("origin", origin);
        let page = page.with("access-control-request-method", "POST");
        page.send(method, "/v1/estimate", None).await
    };
    let preflight = ask("https://app.example.net", Method::OPTIONS).await;
    assert_eq!((preflight.status, preflight.text.as_str()), (204, ""));
    let allowed = preflight.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://app.example.net"));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("idempotency-key"));
    assert_eq!(preflight.header("access-control-max-age"), Some("600"));
    assert_eq!(preflight.header("x-content-type-options"), Some("nosniff"));
    assert!(preflight.header("access-control-allow-credentials").is_none());

    let refused = ask("https://evil.example", Method::OPTIONS).await;
    refused.is(400, "foreign_origin");
    assert_eq!(refused.body["detail"], "Disallowed CORS origin");
    assert!(refused.header("access-control-allow-origin").is_none());
    assert_eq!(refused.header("x-frame-options"), Some("DENY"));

    let estimate = json!({ "beds": 2, "baths": 1 });
    let page = app.anyone().with("origin", "https://app.example.net");
    let answer = page.post("/v1/estimate", &estimate).await;
    assert_eq!(answer.ok().header("access-control-allow-origin"), allowed);
    assert_eq!(answer.header("vary"), Some("origin"));
    let page = app.anyone().with("origin", "https://evil.example");
    let answer = page.post("/v1/estimate", &estimate).await;
    assert!(answer.ok().header("access-control-allow-origin").is_none());
}

/// As [`narrow`], counting in `redis`.
fn sharing(redis: &Redis) -> Front {
    let shared = api::Redis {
        url: redis.url().into(),
        // However busy the machine is.
        deadline: Duration::from_secs(20),
        probe_every: TimeDelta::seconds(5),
        warn_every: TimeDelta::seconds(300),
    };
    let rate = RateOptions {
        per_minute: PerMinute::new(3, 2),
        forget_after: Duration::from_mins(10),
        redis: Some(shared),
    };
    Front { rate, ..narrow() }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_count_together_and_each_for_itself_while_redis_is_away() {
    let Some(mut redis) = Redis::start() else { return };
    let (one, other) =
        (App::start_edge(sharing(&redis)).await, App::start_edge(sharing(&redis)).await);
    let left = async |app: &App| number(&knock(&app.anyone()).await, "ratelimit-remaining");
    assert_eq!((left(&one).await, left(&other).await, left(&one).await), (2, 1, 0));
    let refused = knock(&other.anyone()).await;
    refused.is(429, "rate_limited");
    assert!((1..=61).contains(&number(&refused, "retry-after")));
    let check = async |app: &App| {
        let ready = app.anyone().get("/readyz").await;
        let checks = ready.body["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["name"] == "redis").unwrap()
    };
    assert_eq!(check(&one).await["detail"]["message"], "limits are shared");

    redis.kill();
    assert_eq!((left(&one).await, left(&one).await), (2, 1), "limits stay");
    assert_eq!(left(&other).await, 2);
    let check = check(&one).await;
    assert_eq!(check["ok"], true, "it decides nothing");
    assert_eq!(check["detail"]["message"], "unreachable; each process counts for itself");

    redis.restart();
    assert_eq!(left(&one).await, 0, "nobody tries before it is time");
    one.advance(TimeDelta::seconds(5));
    other.advance(TimeDelta::seconds(5));
    assert_eq!((left(&one).await, left(&other).await, left(&one).await), (2, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_takes_too_long_is_answered_and_noted() {
    // Shorter than a command waits for the log.
    let limits = Limits { handler: Duration::from_millis(1500), ..Limits::default() };
    let edge = EdgeOptions { limits, ..EdgeOptions::default() };
    let app = App::start_edge(Front { edge, ..Front::default() }).await;
    let owner = app.staff("owner");
    owner.get(WHOAMI).await.ok();
    let mut holder = app.db.admin().await;
    let org = app.orgs[0].id;
    let hold = format!("begin; select from log_heads where org_id = '{org}' for update");
    holder.execute(hold.as_str()).await.unwrap();
    let change = json!({ "legal_name": "Too late" });
    owner.patch("/v1/admin/settings/org", &change).await.is(504, "timed_out");
    holder.execute("rollback").await.unwrap();
    let entry = loop {
        let told = owner.get("/v1/admin/audit-logs?outcome=error").await;
        if let Some(entry) = told.ok().body["items"].as_array().unwrap().first() {
            break entry.clone();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(entry["status_code"], 504);
    assert_eq!(entry["metadata"]["route"], "/v1/admin/settings/org");
    assert_eq!(entry["metadata"]["code"], "timed_out");
}
