//! `docs/metrics.md` beside what the processes really tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;

use crate::harness::logins::org;
use crate::harness::smtp::Smtp;
use crate::harness::{Client, Served, TestDb};

/// Labels that belong to the kind of a series and not to the series.
const OF_THE_KIND: [&str; 2] = ["le", "quantile"];

/// A series as it is promised or told: its kind and its labels.
type Catalogue = BTreeMap<String, (String, BTreeSet<String>)>;

fn code(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

fn promised(process: &str) -> Catalogue {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .filter(|cells| cells[4].split(", ").any(|told_by| told_by == process))
        .map(|cells| {
            let name = code(cells[1]).into_iter().next().unwrap();
            (name, (cells[2].to_owned(), code(cells[3])))
        })
        .collect()
}

fn told(text: &str) -> Catalogue {
    let mut told = Catalogue::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            name.clone_into(&mut current);
            told.insert(current.clone(), (kind.to_owned(), BTreeSet::new()));
        } else if line.starts_with(&current) && !line.starts_with('#') && !line.is_empty() {
            let labels =
                line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
            let names = labels.split("\",").filter_map(|pair| pair.split_once('='));
            let names = names.map(|(name, _)| name.to_owned());
            let names = names.filter(|name| !OF_THE_KIND.contains(&name.as_str()));
            told.get_mut(&current).unwrap().1.extend(names);
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_every_series_of_every_process_with_its_labels_and_nothing_else() {
    let (db, smtp) = (TestDb::new().await, Smtp::start().await);
    let org = org(&db, "first").await;
    let wanted = ("JOBS_ENABLED", "true");
    let api = Served::start("api", &db, &[("DEFAULT_ORG_ID", &org.id.to_string()), wanted]).await;
    let port = smtp.port.to_string();
    let mail = [
        ("EMAIL_MODE", "smtp"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("EMAIL_FROM", "office@example.net"),
        wanted,
    ];
    let jobs = Served::start("jobs", &db, &mail).await;
    let client = Client::new(&api.url);
    let lead = json!({
        "name": "Ada", "phone": "780-555-0101", "address": "1 Elm Street", "postal_code": "T5A 0A1",
        "email": "ada@example.net", "preferred_dates": ["Monday"],
        "structured_inputs": { "beds": 2, "baths": 1 }, "estimate_snapshot": {},
    });
    client.post("/v1/leads", &lead).await.ok();
    client.signed_in("nobody", "wrong").get("/v1/admin/leads").await.is(401, "unauthenticated");
    while smtp.mails().is_empty() {
        tokio::task::yield_now().await;
    }
    let lag = |text: &str| text.contains("projection_lag_events{projection=\"lead_list\"}");
    for (process, url) in [("api", &api.url), ("jobs", &jobs.url)] {
        let text = loop {
            // What is measured every few seconds may not have been yet.
            let text = Client::new(url).get("/metrics").await.ok().text.clone();
            let beats = process == "api" && text.contains("job_heartbeat_age_seconds");
            if beats || process == "jobs" && lag(&text) {
                break text;
            }
        };
        let (promised, told) = (promised(process), told(&text));
        assert!(promised.len() > 15);
        let names = |one: &Catalogue| one.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(&told), names(&promised), "{process}");
        for (name, series) in &told {
            assert_eq!(series, &promised[name], "{process}: {name}");
        }
        // The paths are those of routes, whatever was asked for.
        assert!(!text.contains("ada@") && !text.contains("555-0101"), "{text}");
    }
}
