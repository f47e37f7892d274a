//! Who may read which report, what they may be asked for, and that nobody reads anything of another organisation.

use serde_json::json;

use super::super::scheduling::{at_ten, client, lead, team, visit};
use super::{done, facts};
use crate::harness::App;

const MONEY: [&str; 11] = [
    "reports/revenue",
    "reports/receivables",
    "analytics/funnel",
    "analytics/attribution/paths",
    "analytics/cohorts",
    "analytics/clients/retention",
    "analytics/clients/clv",
    "analytics/geo",
    "analytics/financial_summary",
    "reports/pnl",
    "reports/utilisation",
];

const ADMIN: [&str; 2] = ["metrics", "reports/addons"];

const SOURCES: &str = "marketing/analytics/lead-sources";

fn all() -> impl Iterator<Item = &'static str> {
    MONEY.into_iter().chain(ADMIN).chain([SOURCES])
}

#[tokio::test]
async fn each_role_reads_its_own_reports() {
    let app = App::start().await;
    let status = async |role: &str, report: &str| {
        app.staff(role).get(&format!("/v1/admin/{report}")).await.status
    };
    for report in all() {
        assert_eq!(status("owner", report).await, 200, "{report}");
        assert_eq!(status("admin", report).await, 200, "{report}");
        let is_money = MONEY.contains(&report);
        assert_eq!(
            status("accountant", report).await,
            if is_money { 200 } else { 403 },
            "{report}"
        );
        let is_time = report == "reports/utilisation";
        for role in ["viewer", "dispatcher"] {
            assert_eq!(
                status(role, report).await,
                if is_time { 200 } else { 403 },
                "{role} {report}"
            );
        }
        app.anyone().get(&format!("/v1/admin/{report}")).await.is(401, "unauthenticated");
    }
    // What is switched off is not there.
    let owner = app.staff("owner");
    let off = json!({ "overrides": { "module.analytics": false, "finance.reports": false } });
    owner.patch("/v1/admin/settings/features", &off).await.ok();
    for report in MONEY {
        assert_eq!(status("owner", report).await, 403, "{report}");
    }
}

#[tokio::test]
async fn what_no_calendar_and_no_report_has_is_refused_by_name() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let ranged = all().filter(|report| {
        !["reports/receivables", "analytics/clients/retention", SOURCES].contains(report)
    });
    for report in ranged {
        for (bad, field) in [
            ("from=2030-03-02&to=2030-03-01", "to"),
            ("from=2026-01-01&to=2029-01-01", "to"),
            ("from=1999-01-01&to=1999-01-02", "from"),
            ("from=2030-02-30", "from"),
        ] {
            let answer = owner.get(&format!("/v1/admin/{report}?{bad}")).await;
            assert_eq!((answer.status, answer.fields()), (422, vec![field]), "{report} {bad}");
        }
        owner.get(&format!("/v1/admin/{report}?from=2026-01-01&to=2028-12-31")).await.ok();
    }
    for report in all() {
        for (bad, field) in [
            ("format=xml", "format"),
            ("explain=2", "explain"),
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("cursor=x", "cursor"),
            ("colour=red", "colour"),
        ] {
            let answer = owner.get(&format!("/v1/admin/{report}?{bad}")).await;
            assert_eq!((answer.status, answer.fields()), (422, vec![field]), "{report} {bad}");
        }
        for bad in ["as_of=yesterday", "as_of=-1", "as_of=999999999"] {
            assert_eq!(
                owner.get(&format!("/v1/admin/{report}?{bad}")).await.status,
                422,
                "{report} {bad}"
            );
        }
        let nothing = owner.get(&format!("/v1/admin/{report}?as_of=0")).await;
        assert_eq!(nothing.ok().body["as_of"]["position"], 0, "{report}");
        let csv = owner.get(&format!("/v1/admin/{report}?format=csv")).await;
        assert_eq!(csv.ok().header("content-type"), Some("text/csv; charset=utf-8"));
    }
    owner.get("/v1/admin/reports/revenue?by=year").await.is(422, "validation_failed");
    owner.get("/v1/admin/reports/revenue?group=worker").await.is(422, "validation_failed");
    let audit = owner.get("/v1/admin/audit-logs?action=report.read&limit=1").await;
    assert_eq!(audit.ok().body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_of_another_organisation_is_in_any_report() {
    let app = App::start().await;
    let them = app.staff_of(1, "owner");
    let north = team(&them, "Polaris").await;
    let sam = client(&them, "Samuela").await;
    let body = visit(&north, &sam, at_ten(&app, 1), &json!({ "price_cents": 20_000 }));
    let booking = done(&them, &body, 100).await;
    let items =
        json!([{ "description": "x", "qty": 1, "unit_price_cents": 20_000, "tax_rate": null }]);
    let order = format!("/v1/admin/orders/{booking}/invoice");
    let made = them.post(&order, &json!({ "items": items })).await;
    let invoice = super::super::scheduling::text(made.ok(), "invoice_id");
    let path = format!("/v1/admin/invoices/{invoice}/record-payment");
    them.post(&path, &json!({ "amount_cents": 700, "method": "cash" })).await.ok();
    lead(&app, "Own", 801).await;
    app.settle().await;
    let owner = app.staff("owner");
    for report in all() {
        let seen = owner.get(&format!("/v1/admin/{report}?explain=1")).await;
        for word in ["Polaris", "Samuela", &sam, &booking, &invoice, ":20000", ":700"] {
            assert!(!seen.ok().text.contains(word), "{report}: {word}");
        }
    }
    assert_eq!(facts(&owner, "/v1/admin/reports/revenue?by=day").await.len(), 0);
    let theirs = them.get("/v1/admin/reports/revenue").await;
    assert_eq!(theirs.ok().body["totals"][0]["received_cents"], 700);
}
