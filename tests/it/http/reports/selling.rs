//! From the request for an offer to whether customers come back.

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::super::scheduling::{at_ten, booked, client, lead, route, team, text, visit};
use super::{day, done, facts, is_still, items, sum, today};
use crate::harness::client::Answer;
use crate::harness::{App, Client};

fn month(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

async fn asked(app: &App, source: &Value, number: u32) -> String {
    let mut form = super::super::form_of("Quilla", &format!("780-555-{number}"));
    (form["utm_source"], form["landing_page"]) = (source.clone(), Value::Null);
    form["email"] = format!("visitor{number}@example.net").into();
    text(app.anyone().post("/v1/leads", &form).await.ok(), "lead_id")
}

async fn offered(owner: &Client, lead: &str) {
    let route = format!("/v1/admin/leads/{lead}/quotes");
    let offer = json!({ "amount": 100, "expires_at": "2090-01-01T00:00:00Z" });
    let quote = text(owner.post(&route, &offer).await.ok(), "quote_id");
    owner.post(&format!("{route}/{quote}/send"), &json!({})).await.ok();
    owner.post(&format!("{route}/{quote}/send"), &json!({})).await;
}

async fn lost(owner: &Client, lead: &str, reason: &str) {
    let body = json!({ "status": "LOST", "loss_reason": reason });
    owner.post(&format!("/v1/admin/leads/{lead}/status"), &body).await.ok();
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one way from the first question to the last word")]
async fn each_step_counts_on_the_day_it_was_taken() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let first = today(&app);
    let mut leads = Vec::new();
    for n in 0..4 {
        leads.push(lead(&app, "Quilla", 500 + n).await);
    }
    for lead in &leads[..3] {
        offered(&owner, lead).await;
    }
    lost(&owner, &leads[0], "=too dear").await;
    lost(&owner, &leads[1], "moved away").await;
    let sam = client(&owner, "Sam").await;
    let early = done(&owner, &visit(&north, &sam, at_ten(&app, 2), &json!({})), 60).await;
    let late = booked(&owner, &visit(&north, &sam, at_ten(&app, 5), &json!({}))).await;
    let late = text(late.ok(), "booking_id");
    owner.post(&route(&late, "confirm"), &json!({})).await.ok();
    let said = json!({ "rating": 4, "booking_id": early });
    owner.post(&format!("/v1/admin/clients/{sam}/feedback"), &said).await.ok();
    owner.post(&format!("/v1/admin/clients/{sam}/feedback"), &json!({ "rating": 1 })).await.ok();
    app.settle().await;
    let books = app.staff("accountant");
    let path = format!("/v1/admin/analytics/funnel?from={first}&to={first}");
    let before = books.get(&path).await;
    let counts = |answer: &Answer| {
        ["inquiries", "quotes", "bookings_created", "bookings_completed", "reviews"]
            .map(|name| answer.body[name].as_i64().unwrap())
    };
    assert_eq!(counts(before.ok()), [4, 3, 2, 1, 1]);
    let rates = &before.body["conversion_rates"];
    let expected = json!({
        "inquiry_to_quote": 0.75, "quote_to_booking": 0.6667, "booking_to_completion": 0.5,
        "completion_to_review": 1.0,
    });
    assert_eq!(*rates, expected);
    let reasons = before.body["loss_reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 2);
    let behind = facts(&books, &path).await;
    let each = ["inquiries", "quotes", "bookings_created", "bookings_completed", "reviews"];
    assert_eq!(each.map(|name| sum(&behind, name, &json!({}))), counts(&before));
    let csv = books.get(&format!("{path}&format=csv")).await;
    assert!(csv.ok().text.contains("lost: =too dear,1"), "{}", csv.text);
    // Days later the visit is made: it was asked for then and is completed now.
    app.advance(TimeDelta::days(6));
    owner.post(&route(&late, "complete"), &json!({ "actual_duration_minutes": 90 })).await.ok();
    let other = json!({ "loss_reason": "moved far away" });
    owner.patch(&format!("/v1/admin/leads/{}", leads[1]), &other).await.ok();
    app.settle().await;
    assert_eq!(counts(books.get(&path).await.ok()), [4, 3, 2, 1, 1]);
    let now = today(&app);
    let today = books.get(&format!("/v1/admin/analytics/funnel?from={now}&to={now}")).await;
    assert_eq!(counts(today.ok()), [0, 0, 0, 1, 0]);
    assert_eq!(today.body["conversion_rates"]["booking_to_completion"], 0.0);
    let reasons = books.get(&path).await.ok().body["loss_reasons"].to_string();
    assert!(reasons.contains("moved far away"));
    is_still(&books, &path, &before).await;
    // Whoever is erased is still counted, and nothing of them is said, then or now.
    let erase = json!({ "reason": "asked" });
    let subject = format!("/v1/admin/subjects/{}/erase", leads[0]);
    app.following(owner.post(&subject, &erase)).await.ok();
    app.settle().await;
    let erased = books.get(&format!("{path}&as_of={}", before.position())).await;
    assert_eq!(counts(erased.ok()), [4, 3, 2, 1, 1]);
    assert!(!erased.text.contains("dear") && erased.text.contains("[erased]"));
}

#[tokio::test]
async fn sources_bring_requests_visits_and_money() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let flyer = asked(&app, &json!("flyer"), 601).await;
    asked(&app, &json!("flyer"), 602).await;
    asked(&app, &Value::Null, 603).await;
    let mut visits = Vec::new();
    for days in [2, 4] {
        let body = json!({
            "team_id": north, "lead_id": flyer, "starts_at": at_ten(&app, days), "duration_minutes": 60,
            "price_cents": 12_000, "deposit_cents": 0,
        });
        let made = booked(&owner, &body).await;
        visits.push(text(made.ok(), "booking_id"));
    }
    owner.post(&route(&visits[0], "confirm"), &json!({})).await.ok();
    owner
        .post(&route(&visits[0], "complete"), &json!({ "actual_duration_minutes": 60 }))
        .await
        .ok();
    app.settle().await;
    let this = today(&app);
    let sources = format!("/v1/admin/marketing/analytics/lead-sources?period={}", month(this));
    let told = owner.get(&sources).await;
    let expected = json!([
        { "source": "Unknown", "leads": 1, "bookings": 0, "revenue_cents": 0, "spend_cents": null },
        { "source": "flyer", "leads": 2, "bookings": 2, "revenue_cents": 12_000, "spend_cents": null },
    ]);
    assert_eq!(json!(items(&told)), expected);
    let behind = facts(&owner, &sources).await;
    assert_eq!(sum(&behind, "revenue_cents", &json!({ "source": "flyer" })), 12_000);
    let paths = format!("/v1/admin/analytics/attribution/paths?from={this}&to={this}");
    let ways = owner.get(&paths).await;
    let rows =
        json!([{ "path": "flyer", "lead_count": 2 }, { "path": "Unknown", "lead_count": 1 }]);
    assert_eq!(json!(items(&ways)), rows);
    for bad in ["2030-13", "2030-3", "march", "1900-01"] {
        let path = format!("/v1/admin/marketing/analytics/lead-sources?period={bad}");
        assert_eq!(owner.get(&path).await.fields(), ["period"], "{bad}");
    }
    asked(&app, &json!("flyer"), 604).await;
    app.settle().await;
    assert_eq!(items(&owner.get(&paths).await)[0]["lead_count"], 3);
    is_still(&owner, &paths, &ways).await;
    is_still(&owner, &sources, &told).await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "three customers, month by month")]
async fn customers_come_back_month_by_month() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, ana, bo) =
        (client(&owner, "Sam").await, client(&owner, "Ana").await, client(&owner, "Bo").await);
    // Visits that begin in so many days, in months of their own.
    let mut visits = Vec::new();
    for (who, days) in [(&sam, 1), (&sam, 45), (&ana, 2), (&ana, 90), (&bo, 46)] {
        let made = booked(&owner, &visit(&north, who, at_ten(&app, days), &json!({}))).await;
        visits.push((text(made.ok(), "booking_id"), who.clone(), day(at_ten(&app, days))));
    }
    app.settle().await;
    let books = app.staff("accountant");
    let (from, to) = (today(&app), today(&app) + Days::new(120));
    let path = format!("/v1/admin/analytics/cohorts?from={from}&to={to}");
    let before = books.get(&path).await;
    let expected = |of: &[(String, String, NaiveDate)]| {
        let mut rows = std::collections::BTreeMap::<String, [i64; 2]>::new();
        for who in [&sam, &ana, &bo] {
            let own: Vec<NaiveDate> =
                of.iter().filter(|(_, whose, _)| whose == who).map(|(.., day)| *day).collect();
            let Some(first) = own.iter().min() else { continue };
            let row = rows.entry(month(*first)).or_default();
            (row[0], row[1]) = (row[0] + 1, row[1] + i64::from(own.len() > 1));
        }
        rows
    };
    let told = |answer: &Answer| {
        let rows = items(answer).into_iter().map(|row| {
            let counts = ["customers", "repeat_customers"].map(|name| row[name].as_i64().unwrap());
            (row["cohort"].as_str().unwrap().to_owned(), counts)
        });
        rows.collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(told(&before), expected(&visits));
    let behind = facts(&books, &path).await;
    assert_eq!(sum(&behind, "customers", &json!({})), 3);
    // Month by month, seen from the day of the last visit.
    let last = visits[3].2;
    let months = 6;
    let path = format!("/v1/admin/analytics/clients/retention?months={months}&day={last}");
    let retention = books.get(&path).await;
    let rows = items(&retention);
    assert_eq!(rows.len(), months);
    let index = |day: NaiveDate| day.year() * 12 + i32::try_from(day.month0()).unwrap();
    for (n, row) in rows.iter().enumerate() {
        let back = Months::new(u32::try_from(months - 1 - n).unwrap());
        let cohort = last.with_day(1).unwrap().checked_sub_months(back).unwrap();
        assert_eq!(row["cohort"], month(cohort));
        let firsts = [&sam, &ana, &bo].map(|who| {
            let own = visits.iter().filter(|(_, whose, _)| whose == who).map(|(.., day)| *day);
            (who, own.min().unwrap())
        });
        let members: Vec<&String> = firsts
            .iter()
            .filter(|(_, day)| month(*day) == month(cohort))
            .map(|(who, _)| *who)
            .collect();
        assert_eq!(row["customers"], members.len(), "{row}");
        for offset in 0..months {
            let share = &row["retained"][offset];
            let is_to_come = offset > months - 1 - n;
            assert_eq!(share.is_null(), is_to_come, "{row}");
            let month = index(cohort) + i32::try_from(offset).unwrap();
            let active = members.iter().filter(|who| {
                visits.iter().any(|(_, whose, day)| whose == **who && index(*day) == month)
            });
            if !is_to_come && !members.is_empty() {
                let count = |many: usize| f64::from(u32::try_from(many).unwrap());
                let expected = count(active.count()) / count(members.len());
                assert!((share.as_f64().unwrap() - expected).abs() < 0.000_06, "{row} {offset}");
            }
        }
    }
    let csv = books.get(&format!("{path}&format=csv")).await;
    assert!(
        csv.ok()
            .text
            .starts_with("cohort,customers,month_0,month_1,month_2,month_3,month_4,month_5\r\n")
    );
    for bad in ["months=0", "months=37", "day=1900-01-01"] {
        let name = bad.split('=').next().unwrap();
        let path = format!("/v1/admin/analytics/clients/retention?{bad}");
        assert_eq!(books.get(&path).await.fields(), [name]);
    }
    // Two of them are one person, and a visit is called off.
    owner
        .post(&format!("/v1/admin/clients/{bo}/merge"), &json!({ "into_client_id": sam }))
        .await
        .ok();
    owner.post(&route(&visits[3].0, "cancel"), &json!({ "reason": "x" })).await.ok();
    app.settle().await;
    let mut now: Vec<_> = visits.clone();
    now.remove(3);
    now.iter_mut().filter(|(_, who, _)| *who == bo).for_each(|(_, who, _)| who.clone_from(&sam));
    let cohorts = format!("/v1/admin/analytics/cohorts?from={from}&to={to}");
    assert_eq!(told(&books.get(&cohorts).await), expected(&now));
    is_still(&books, &cohorts, &before).await;
    is_still(&books, &path, &retention).await;
}
