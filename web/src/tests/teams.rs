//! Teams, their hours, and time off.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Asked, FakeApi, LEAD, QUOTE};

pub(super) fn told(path: &str) -> Option<Value> {
    let day = |number: usize| {
        json!({
            "day_of_week": number, "start_time": "09:00", "end_time": "18:00", "is_closed": number == 6,
            "is_usual": number < 6,
        })
    };
    let mut team = json!({
        "team_id": QUOTE, "number": 2, "name": "<b>North</b>", "archived_at": null, "lead_worker_id": LEAD,
        "zones": ["Downtown"], "specializations": [], "calendar_color": "#3366CC", "worker_count": 3,
        "lead": { "worker_id": LEAD, "name": "Dana" },
        "working_hours": (0..7).map(day).collect::<Vec<_>>(),
    });
    let one = format!("/v1/admin/teams/{QUOTE}");
    if path == "/v1/admin/teams" {
        let mut south = team.clone();
        (south["team_id"], south["number"], south["name"]) =
            (LEAD.into(), 3.into(), "South".into());
        return Some(json!([team, south]));
    }
    if path == one {
        // So that the answer carries a version.
        team["client_id"] = LEAD.into();
        return Some(team);
    }
    if path == format!("{one}/members") {
        return Some(json!([{ "worker_id": LEAD, "name": "Dana <W>", "phone": "780" }]));
    }
    None
}

/// Time off of everybody, of a team and of a worker.
pub(super) fn blocks(asked: &Asked) -> Option<Value> {
    let scope = asked.path.strip_prefix("/v1/admin/availability-blocks?")?;
    let block = |id: Option<&str>, kind: &str, reason: Option<&str>| {
        json!({
            "block_id": QUOTE, "scope_id": id, "block_type": kind, "starts_at": "2030-03-11T06:00:00Z",
            "ends_at": "2030-03-12T06:00:00Z", "reason": reason,
            "clashes": [
                { "booking_id": LEAD, "starts_at": "2030-03-11T16:00:00Z", "team_id": QUOTE, "crew": [LEAD] },
            ],
            "clashes_total": 3,
        })
    };
    Some(match () {
        () if scope.contains("scope=org") => json!([block(None, "holiday", Some("<Founders>"))]),
        () if scope.contains("scope=team") => {
            let other = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2f";
            json!([
                block(Some(QUOTE), "blackout", Some("van")),
                block(Some(other), "blackout", Some("not theirs"))
            ])
        }
        () => json!([block(Some(LEAD), "vacation", None)]),
    })
}

fn team() -> String {
    format!("/teams/{QUOTE}")
}

/// The hidden fields of the page of the team.
async fn opened(api: &mut FakeApi) -> (String, String) {
    let page = api.browser.get(&team()).await;
    (page.field("csrf").to_owned(), page.field("key").to_owned())
}

#[tokio::test]
async fn teams_are_listed_made_and_shown_with_everything_about_them() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/teams").await;
    assert!(page.shows("&#60;b&#62;North&#60;/b&#62;") && page.shows("Downtown"), "{}", page.html);
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &key), ("name", "West")];
    api.browser.post("/teams", &form).await;
    let asked = &api.asked(&Method::POST, "/v1/admin/teams")[0];
    assert_eq!((asked.header("idempotency-key"), &asked.body), (&*key, &json!({ "name": "West" })));
    let page = api.browser.get(&team()).await;
    for text in ["Dana &#60;W&#62;", "#3366CC", "2030-03-11 00:00 MDT", "(van)", "Save hours"] {
        let text = text.trim_matches(['(', ')']);
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    assert!(!page.shows("not theirs"), "{}", page.html);
    let viewer = FakeApi::signed_in("viewer").await.browser.get(&team()).await;
    assert!(!viewer.shows("Rename") && !viewer.shows("Save hours"), "{}", viewer.html);
}

#[tokio::test]
async fn lists_that_are_cut_off_go_on() {
    let mut api = FakeApi::signed_in("owner").await;
    let team = team();
    let pages = [
        ("/teams?all=1", "/teams?all=1&#38;cursor=17_ab".to_owned()),
        (&*team, format!("{team}?cursor=17_ab")),
        ("/prices", "/prices?cursor=17_ab#book".to_owned()),
        (
            "/finance/budgets?month=2030-01",
            "/finance/budgets?month=2030-01&#38;cursor=17_ab".into(),
        ),
        (
            "/finance/taxes?from=2030-01-01&to=2030-03-31",
            "/finance/taxes?from=2030-01-01&#38;to=2030-03-31&#38;cursor=17_ab#instalments".into(),
        ),
    ];
    for (address, next) in pages {
        let page = api.browser.get(address).await;
        assert!(page.shows(&format!(r#"<a rel="next" href="{next}">"#)), "{next}: {}", page.html);
        let next = next.replace("&#38;", "&");
        let page = api.browser.get(next.split('#').next().unwrap()).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.html);
        assert!(!page.shows("cursor=17_ab"), "that was the last: {}", page.html);
    }
    let path = format!("/v1/admin{team}/members?limit=200&cursor=17_ab");
    assert_eq!(api.asked(&Method::GET, &path).len(), 1);
}

#[tokio::test]
async fn a_team_is_set_up_with_its_version() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api).await;
    let own = [("csrf", &*csrf), ("key", &key), ("version", "4")];
    let typed = [("lead_worker_id", LEAD), ("zones", "Downtown, , West "), ("calendar_color", "")];
    let page = api.browser.post(&format!("{}/setup", team()), &[&own[..], &typed].concat()).await;
    assert_eq!(page.header("location"), format!("{}?saved=1", team()), "{}", page.html);
    let path = format!("/v1/admin/teams/{QUOTE}");
    let asked = &api.asked(&Method::PATCH, &path)[0];
    assert_eq!((asked.header("if-match"), asked.header("idempotency-key")), ("\"4\"", &*key));
    let said = json!({
        "lead_worker_id": LEAD, "zones": ["Downtown", "West"], "specializations": [], "calendar_color": null,
    });
    assert_eq!(asked.body, said);
    let old = [("csrf", &*csrf), ("key", &key), ("version", "3"), ("name", "Far north")];
    let page = api.browser.post(&format!("{}/name", team()), &old).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("What you had entered") && page.shows("Far north"), "{}", page.html);
}

#[tokio::test]
async fn the_days_that_become_others_are_sent_one_by_one() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api).await;
    let mut form = vec![("csrf", csrf), ("key", key.clone()), ("version", "4".to_owned())];
    for day in crate::settings::WEEK {
        for (part, value) in [("mode", "usual"), ("start", "09:00"), ("end", "18:00")] {
            let name: &'static str = Box::leak(format!("{day}_{part}").into_boxed_str());
            form.push((name, value.to_owned()));
        }
    }
    for (name, value) in
        [("saturday_mode", "closed"), ("sunday_mode", "own"), ("sunday_end", "12:00")]
    {
        form.retain(|(other, _)| *other != name);
        form.push((name, value.to_owned()));
    }
    let form: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = api.browser.post(&format!("{}/hours", team()), &form).await;
    assert_eq!(page.header("location"), format!("{}?saved=1", team()), "{}", page.html);
    let asked = api.asked(&Method::POST, "/v1/admin/working-hours");
    let bodies: Vec<&Value> = asked.iter().map(|one| &one.body).collect();
    let closed =
        json!({ "team_id": QUOTE, "day_of_week": 5, "start_time": "00:00", "end_time": "00:00" });
    let open =
        json!({ "team_id": QUOTE, "day_of_week": 6, "start_time": "09:00", "end_time": "12:00" });
    assert_eq!(bodies, [&closed, &open]);
    assert_eq!(asked[0].header("idempotency-key"), format!("{key}-saturday"));
}

#[tokio::test]
async fn hours_beside_an_older_team_are_a_conflict_and_half_a_week_is_told() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api).await;
    let hours = format!("{}/hours", team());
    let old = [("csrf", &*csrf), ("key", &key), ("version", "3"), ("monday_mode", "closed")];
    let page = api.browser.post(&hours, &old).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.html);
    assert!(page.shows("Changed meanwhile"), "{}", page.html);
    assert!(api.asked(&Method::POST, "/v1/admin/working-hours").is_empty());
    let mut week: Vec<(String, &str)> = Vec::new();
    for day in crate::settings::WEEK {
        week.extend(
            [("mode", "usual"), ("start", "09:00"), ("end", "18:00")]
                .map(|(part, value)| (format!("{day}_{part}"), value)),
        );
    }
    let mut form: Vec<(&str, &str)> =
        week.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    form.retain(|(name, _)| !["monday_mode", "tuesday_end", "sunday_mode"].contains(name));
    form.extend([("csrf", &*csrf), ("key", &key), ("version", "4"), ("sunday_mode", "closed")]);
    form.extend([("monday_mode", "closed"), ("tuesday_end", "23:59")]);
    let page = api.browser.post(&hours, &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.html);
    assert!(page.shows("Too late. Saved before that: Monday."), "{}", page.html);
}

#[tokio::test]
async fn time_off_is_taken_and_taken_back() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api).await;
    let off = format!("{}/time-off", team());
    let own = [("csrf", &*csrf), ("key", &key)];
    let days =
        [("block_type", "vacation"), ("first_day", "2030-07-01"), ("last_day", "2030-07-03")];
    let page = api.browser.post(&off, &[&own[..], &days].concat()).await;
    assert_eq!(page.header("location"), format!("{}?saved=1", team()), "{}", page.html);
    let asked = &api.asked(&Method::POST, "/v1/admin/availability-blocks")[0];
    let said = json!({
        "scope_type": "team", "scope_id": QUOTE, "block_type": "vacation", "starts_at": "2030-07-01T00:00",
        "ends_at": "2030-07-04T00:00",
    });
    assert_eq!(asked.body, said);
    let backwards =
        [("block_type", "vacation"), ("first_day", "2030-07-01"), ("last_day", "2030-06-01")];
    let page = api.browser.post(&off, &[&own[..], &backwards].concat()).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows(r#"id="last_day-error">It ends later"#), "{}", page.html);
    assert!(page.shows(r#"value="2030-06-01""#), "what was typed is kept: {}", page.html);
    let page = api.browser.post(&format!("{off}/{QUOTE}/cancel"), &own).await;
    assert_eq!(page.header("location"), format!("{}?saved=1", team()));
    let path = format!("/v1/admin/availability-blocks/{QUOTE}");
    assert_eq!(api.asked(&Method::DELETE, &path).len(), 1);
}

#[tokio::test]
async fn days_off_of_everybody_have_a_page() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/days-off").await;
    assert!(page.shows("Holiday") && page.shows("&#60;Founders&#62;"), "{}", page.html);
    let visit = format!("<a href=\"/bookings/{LEAD}\">");
    for text in [visit.as_str(), "North&#60;/b&#62;, 1 worker</li>", "<li>and 2 more</li>"] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form =
        [("csrf", &*csrf), ("key", &key), ("block_type", "holiday"), ("first_day", "2030-12-25")];
    let page = api.browser.post("/days-off", &form).await;
    assert_eq!(page.header("location"), "/days-off?saved=1", "{}", page.html);
    let asked = &api.asked(&Method::POST, "/v1/admin/availability-blocks")[0];
    assert_eq!((&asked.body["scope_type"], asked.body.get("scope_id")), (&json!("org"), None));
    let viewer = FakeApi::signed_in("viewer").await.browser.get("/days-off").await;
    assert!(viewer.shows("Holiday") && !viewer.shows("Take it off"), "{}", viewer.html);
}
