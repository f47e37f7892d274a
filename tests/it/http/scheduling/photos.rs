//! Photos of visits: taken in with consent, handed out by links, deleted for good.

use std::path::PathBuf;

use chrono::TimeDelta;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{at_ten, booked, client, team, text, visit};
use crate::harness::client::Answer;
use crate::harness::{App, Client};
use crate::http::portal;

pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a kitchen";

fn part(name: &str, more: &str, value: &[u8]) -> Vec<u8> {
    let head = format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
    [head.as_bytes(), value, b"\r\n"].concat()
}

/// Sends a form with a photo.
pub(crate) async fn upload(sender: &Client, path: &str, file: &[u8], overrides: bool) -> Answer {
    let sender = sender.with("content-type", "multipart/form-data; boundary=cut");
    let mut form = part("phase", "", b"BEFORE");
    if overrides {
        form.extend(part("admin_override", "", b"true"));
    }
    form.extend(part("file", "; filename=\"C:\\Quilla\\kitchen.png\"", file));
    form.extend(b"--cut--\r\n");
    sender.send(Method::POST, path, Some(form)).await
}

/// A visit of a client with that address, and the route of its photos.
async fn visited(app: &App, owner: &Client, agreed: bool) -> (String, String) {
    let north = team(owner, "North").await;
    let sam = client(owner, "Sam").await;
    let made = booked(owner, &visit(&north, &sam, at_ten(app, 7), &json!({}))).await;
    let id = text(made.ok(), "booking_id");
    if agreed {
        consent(owner, &id, true).await;
    }
    (format!("/v1/orders/{id}/photos"), sam)
}

async fn consent(owner: &Client, id: &str, consent: bool) {
    let body = json!({ "consent_photos": consent });
    owner.patch(&format!("/v1/orders/{id}/consent_photos"), &body).await.ok();
}

fn order(route: &str) -> String {
    route.split('/').nth(3).unwrap().to_owned()
}

/// Every file there is.
fn files(app: &App) -> Vec<PathBuf> {
    let (mut found, mut look) = (Vec::new(), vec![app.files.path().to_owned()]);
    while let Some(directory) = look.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { look.push(path) } else { found.push(path) }
        }
    }
    found
}

async fn delete(owner: &Client, path: &str) -> u16 {
    owner.send(Method::DELETE, path, None).await.status
}

#[tokio::test]
async fn a_photo_needs_consent_or_somebody_who_may_do_without() {
    let app = App::start().await;
    let (owner, dispatcher) = (app.staff("owner"), app.staff("dispatcher"));
    let (photos, _) = visited(&app, &owner, false).await;
    upload(&dispatcher, &photos, PNG, false).await.is(403, "photo.consent_required");
    upload(&dispatcher, &photos, PNG, true).await.is(403, "forbidden");
    upload(&owner, &photos, PNG, false).await.is(403, "photo.consent_required");
    assert_eq!(files(&app), Vec::<PathBuf>::new());
    let taken = upload(&owner, &photos, PNG, true).await;
    let body = &taken.ok().body;
    assert_eq!((taken.status, &body["phase"]), (201, &json!("BEFORE")));
    assert_eq!(
        (&body["content_type"], &body["size_bytes"], &body["review_status"]),
        (&json!("image/png"), &json!(PNG.len()), &json!("PENDING"))
    );
    assert_eq!(body["original_filename"], "kitchen.png");
    let file = files(&app);
    let place = format!("orders/{}/{}/", app.orgs[0].id, order(&photos));
    assert!(file.len() == 1 && file[0].to_str().unwrap().contains(&place), "{file:?}");
    assert_eq!(std::fs::read(&file[0]).unwrap(), PNG);

    consent(&owner, &order(&photos), true).await;
    upload(&dispatcher, &photos, PNG, false).await.ok();
    let listed = dispatcher.get(&photos).await;
    assert_eq!(listed.ok().body.as_array().unwrap().len(), 2);
    app.staff("viewer").get(&photos).await.is(403, "forbidden");
    let stranger = app.staff_of(1, "owner");
    stranger.get(&photos).await.is(404, "booking.not_found");
    upload(&stranger, &photos, PNG, true).await.is(404, "booking.not_found");
}

#[tokio::test]
async fn what_is_no_image_or_too_large_is_not_kept_and_a_repetition_is_one_photo() {
    let app = App::start_keeping(&["--order-photo-max-bytes", "6000000"]).await;
    let owner = app.staff("owner");
    let (photos, _) = visited(&app, &owner, true).await;
    for file in [&b""[..], b"<svg/>", b"GIF89a and so on and on", b"\xff\xd8"] {
        upload(&owner, &photos, file, false).await.is(400, "photo.type");
    }
    let large = [PNG, &vec![7; 6_000_000]].concat();
    upload(&owner, &photos, &large, false).await.is(413, "body_too_large");
    let nobody = owner.post(&photos, &json!({})).await;
    assert_eq!(nobody.is(415, "unsupported_media_type").status, 415);
    assert_eq!(files(&app), Vec::<PathBuf>::new());

    // Larger than what is written at once.
    let fits = [PNG, &vec![7; 5_900_000]].concat();
    let keyed = owner.with("idempotency-key", "one");
    let first = upload(&keyed, &photos, &fits, false).await;
    let again = upload(&keyed, &photos, &fits, false).await;
    assert_eq!(first.ok().body, again.ok().body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let file = files(&app);
    assert_eq!(file.len(), 1);
    assert_eq!(std::fs::read(&file[0]).unwrap(), fits);
    upload(&keyed, &photos, PNG, false).await.is(409, "idempotency_key_reused");
    assert_eq!(files(&app).len(), 1);
}

#[tokio::test]
async fn photos_that_come_at_once_all_stay_and_count_against_the_plan() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (photos, _) = visited(&app, &owner, true).await;
    let all = join_all((0..6).map(|_| upload(&owner, &photos, PNG, false))).await;
    for one in &all {
        one.ok();
    }
    assert_eq!(owner.get(&photos).await.ok().body.as_array().unwrap().len(), 6);
    let used = || async {
        owner.get("/v1/billing/status").await.ok().body["usage"]["storage_bytes"].clone()
    };
    assert_eq!(used().await, json!(PNG.len() * 6));
    let mut admin = app.db.admin().await;
    let nearly = "update plan_usage set used = 1073741824 - 5 where counted = 'storage_bytes'";
    sqlx::query(nearly).execute(&mut admin).await.unwrap();
    upload(&owner, &photos, PNG, false).await.is(402, "plan.storage_limit");
    assert_eq!(files(&app).len(), 6);
    let one = format!("{photos}/{}", text(&all[0], "photo_id"));
    assert_eq!(delete(&owner, &one).await, 204);
    assert_eq!(used().await, json!(1_073_741_824 - 5 - PNG.len()));
    upload(&owner, &photos, PNG, false).await.ok();
}

#[tokio::test]
async fn a_link_works_for_a_minute_for_its_browser_and_for_what_it_names() {
    let app = App::start().await;
    let (owner, dispatcher) = (app.staff("owner"), app.staff("dispatcher"));
    let (photos, _) = visited(&app, &owner, true).await;
    let photo = text(upload(&owner, &photos, PNG, false).await.ok(), "photo_id");
    app.settle().await;
    let firefox = dispatcher.with("user-agent", "Firefox");
    let link = firefox.get(&format!("{photos}/{photo}/signed_url")).await;
    assert_eq!(link.ok().body["expires_in"], 60);
    let url = text(&link, "url");
    let browser = app.anyone().with("user-agent", "Firefox");
    let got = browser.get(&url).await;
    assert!(got.ok().text.contains("a kitchen"), "{}", got.text);
    assert_eq!(
        (got.header("content-type"), got.header("cache-control")),
        (Some("image/png"), Some("no-store, private"))
    );
    assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    // As often as one likes, unless the installation wants it otherwise.
    browser.get(&url).await.ok();
    app.anyone().get(&url).await.is(401, "photo_link_invalid");
    browser.with("x-org", &app.orgs[1].slug).get(&url).await.is(404, "photo.not_found");
    let (path, token) = url.split_once("?token=").unwrap();
    browser.get(&format!("/photos/{token}")).await.ok();
    browser.get(&format!("{path}?token={token}0")).await.is(401, "photo_link_invalid");
    browser.get(path).await.is(401, "photo_link_invalid");
    let other = text(upload(&owner, &photos, PNG, false).await.ok(), "photo_id");
    let swapped = url.replace(&photo, &other);
    browser.get(&swapped).await.is(404, "photo.not_found");
    app.advance(TimeDelta::seconds(61));
    browser.get(&url).await.is(401, "photo_link_invalid");

    let by_id = dispatcher.get(&format!("/v1/admin/photos/{photo}/signed_url")).await;
    app.anyone().get(&text(by_id.ok(), "url")).await.ok();
    app.staff("viewer").get(&format!("{photos}/{photo}/download")).await.ok();
    let stranger = app.staff_of(1, "owner");
    for route in ["signed_url", "download"] {
        let route = format!("{photos}/{photo}/{route}");
        stranger.get(&route).await.is(404, "booking.not_found");
    }
    let route = format!("/v1/admin/photos/{photo}/signed_url");
    stranger.get(&route).await.is(404, "photo.not_found");
}

#[tokio::test]
async fn where_it_is_wanted_so_a_link_works_once() {
    let app = App::start_keeping(&["--photo-token-one-time", "true"]).await;
    let owner = app.staff("owner");
    let (photos, _) = visited(&app, &owner, true).await;
    let photo = text(upload(&owner, &photos, PNG, false).await.ok(), "photo_id");
    let link = owner.get(&format!("{photos}/{photo}/signed_url")).await;
    let url = text(link.ok(), "url");
    let both = join_all((0..4).map(|_| {
        let (anyone, url) = (app.anyone(), url.clone());
        async move { anyone.get(&url).await.status }
    }));
    let mut both = both.await;
    both.sort_unstable();
    assert_eq!(both, [200, 410, 410, 410]);
    app.anyone().get(&url).await.is(410, "photo_link_used");
}

#[tokio::test]
async fn clients_see_their_own_photos_while_they_agree() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (route, sam) = portal::client_in(&app, 0, "sam@example.net").await;
    let (_, eve) = portal::client_in(&app, 0, "eve@example.net").await;
    let north = team(&owner, "North").await;
    let id = crate::http::id_in(&route).to_string().trim_matches('"').to_owned();
    let made = booked(&owner, &visit(&north, &id, at_ten(&app, 7), &json!({}))).await;
    let order = text(made.ok(), "booking_id");
    consent(&owner, &order, true).await;
    let photos = format!("/v1/orders/{order}/photos");
    let photo = text(upload(&owner, &photos, PNG, false).await.ok(), "photo_id");
    app.settle().await;
    let shown = sam.get(&format!("/v1/client/portal/bookings/{order}")).await;
    assert_eq!(
        (&shown.ok().body["photos_available"], &shown.body["photos_count"]),
        (&json!(true), &json!(1))
    );
    let here = format!("/v1/client/portal/bookings/{order}/photos/{photo}/signed-url");
    let there = format!("/client/orders/{order}/photos/{photo}/signed_url");
    let mut urls = Vec::new();
    for route in [&here, &there] {
        let link = sam.get(route).await;
        urls.push(text(link.ok(), "url"));
        eve.get(route).await.is(404, "booking.not_found");
    }
    app.anyone().get(&urls[0]).await.ok();
    consent(&owner, &order, false).await;
    app.anyone().get(&urls[0]).await.is(403, "photo.consent_required");
    sam.get(&here).await.is(403, "photo.consent_required");
    owner.get(&format!("{photos}/{photo}/download")).await.ok();
    app.settle().await;
    let shown = sam.get(&format!("/v1/client/portal/bookings/{order}")).await;
    assert_eq!(
        (&shown.ok().body["photos_available"], &shown.body["photos_count"]),
        (&json!(false), &json!(0))
    );
}

#[tokio::test]
async fn the_office_looks_at_photos_and_at_what_waits() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (photos, _) = visited(&app, &owner, true).await;
    let photo = text(upload(&owner, &photos, PNG, false).await.ok(), "photo_id");
    upload(&owner, &photos, PNG, false).await.ok();
    let review = format!("{photos}/{photo}/review");
    let body = json!({ "review_status": "REJECTED", "comment": "Too dark", "needs_retake": true });
    app.staff("dispatcher").post(&review, &body).await.is(403, "forbidden");
    let reviewed = owner.post(&review, &body).await;
    assert_eq!(
        (&reviewed.ok().body["review_status"], &reviewed.body["review_comment"]),
        (&json!("REJECTED"), &json!("Too dark"))
    );
    let again = owner.post(&review, &body).await;
    assert_eq!(again.ok().header("etag"), reviewed.header("etag"));
    owner.post(&review, &json!({ "review_status": "FINE" })).await.is(422, "validation_failed");
    app.settle().await;
    let queue = |status: &str| {
        let (dispatcher, status) = (app.staff("dispatcher"), status.to_owned());
        async move { dispatcher.get(&format!("/v1/admin/queue/photos{status}")).await.ok().clone() }
    };
    let waiting = queue("").await;
    assert_eq!(waiting.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(waiting.body["counts"], json!({ "pending": 1, "needs_retake": 1, "total": 2 }));
    let again = queue("?status=needs_retake").await;
    assert_eq!(again.body["items"][0]["photo_id"], json!(photo));
    let page = queue("?status=all&limit=1").await;
    let next = page.header("x-next-cursor").unwrap().to_owned();
    let rest = queue(&format!("?status=all&limit=1&cursor={next}")).await;
    assert_ne!(page.body["items"][0]["photo_id"], rest.body["items"][0]["photo_id"]);
}

#[tokio::test]
async fn the_file_of_a_deleted_photo_goes_and_one_that_does_not_is_not_forgotten() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (photos, _) = visited(&app, &owner, true).await;
    let first = text(upload(&owner, &photos, PNG, false).await.ok(), "photo_id");
    let one = format!("{photos}/{first}");
    assert_eq!(delete(&app.staff("dispatcher"), &one).await, 403);
    assert_eq!(delete(&owner, &one).await, 204);
    assert_eq!(delete(&owner, &one).await, 204);
    app.settle().await;
    assert_eq!(files(&app), Vec::<PathBuf>::new());
    owner.get(&format!("{one}/download")).await.is(404, "photo.not_found");
    let gallery = format!("/v1/admin{}", photos.strip_prefix("/v1").unwrap());
    let left = owner.get(&gallery).await;
    assert!(left.ok().body[0]["file_purged_at"].is_string(), "{}", left.text);
    assert_eq!(owner.get(&photos).await.ok().body, json!([]));

    // In the place of the file stands what cannot be removed like one.
    let second = text(upload(&owner, &photos, PNG, false).await.ok(), "photo_id");
    let file = files(&app).remove(0);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    std::fs::write(file.join("in the way"), "x").unwrap();
    assert_eq!(delete(&owner, &format!("{photos}/{second}")).await, 204);
    for _ in 0..5 {
        app.settle().await;
        app.advance(TimeDelta::seconds(31));
    }
    let left = owner.get(&gallery).await;
    assert_eq!(
        (&left.ok().body[1]["purge_failed_attempts"], &left.body[1]["file_purged_at"]),
        (&json!(5), &Value::Null)
    );
    let dead = owner.get("/v1/admin/queue/dlq").await;
    assert!(dead.ok().text.contains("photo_purge"), "{}", dead.text);
}

#[tokio::test]
async fn whoever_is_erased_takes_their_photos_along() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (photos, sam) = visited(&app, &owner, true).await;
    let review = json!({ "review_status": "APPROVED", "comment": "Quilla at the window" });
    for _ in 0..2 {
        let photo = text(upload(&owner, &photos, PNG, false).await.ok(), "photo_id");
        owner.post(&format!("{photos}/{photo}/review"), &review).await.ok();
    }
    app.settle().await;
    let erase = format!("/v1/admin/subjects/{sam}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    app.settle().await;
    assert_eq!(files(&app), Vec::<PathBuf>::new());
    let gallery = owner.get(&format!("/v1/admin{}", photos.strip_prefix("/v1").unwrap())).await;
    let all = gallery.ok().body.as_array().unwrap();
    assert_eq!(all.len(), 2);
    for one in all {
        assert_eq!(
            (&one["deletion_cause"], one["file_purged_at"].is_string()),
            (&json!("erased"), true)
        );
        assert_eq!(one["original_filename"], "[erased]");
    }
    assert!(!gallery.text.contains("Quilla"));
    upload(&owner, &photos, PNG, true).await.is(410, "subject_erased");
    assert_eq!(files(&app), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_file_that_the_log_knows_nothing_about_goes_and_others_stay() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (photos, _) = visited(&app, &owner, true).await;
    upload(&owner, &photos, PNG, false).await.ok();
    // Somebody wrote a file and died.
    let (org, order) = (app.orgs[0].id, order(&photos));
    let key = format!("orders/{org}/{order}/lost");
    std::fs::write(app.files.path().join(&key), PNG).unwrap();
    let begun = "insert into photo_files (org_id, key, booking_id, begun_at) values ($1, $2, $3::text::uuid, $4)";
    sqlx::query(begun)
        .bind(org.as_uuid())
        .bind(&key)
        .bind(&order)
        .bind(app.now())
        .execute(&mut app.db.admin().await)
        .await
        .unwrap();
    assert_eq!((app.sweep().await, files(&app).len()), (0, 2));
    app.advance(TimeDelta::minutes(61));
    assert_eq!((app.sweep().await, files(&app).len()), (1, 1));
    assert_eq!(owner.get(&photos).await.ok().body.as_array().unwrap().len(), 1);
    let left: i64 = sqlx::query_scalar("select count(*) from photo_files")
        .fetch_one(&mut app.db.admin().await)
        .await
        .unwrap();
    assert_eq!((left, app.sweep().await), (0, 0));
}
