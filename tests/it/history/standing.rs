//! Read models that will not go on by themselves are told to monitors and operators.

use projections::engine;
use serde_json::Value;

use super::House;
use crate::harness::Served;
use crate::harness::program::client;

/// What the check of the read models in `/readyz` says; a probe is remembered, so by a process that is new.
async fn readiness(house: &House) -> (u16, Value) {
    let api = Served::start("api", &house.db, &[]).await;
    let answer = client().get(format!("{}/readyz", api.url)).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let checks = body["checks"].as_array().unwrap();
    (status, checks.iter().find(|check| check["name"] == "projections").unwrap().clone())
}

#[tokio::test]
async fn read_models_that_are_halted_or_ahead_of_their_log_are_not_in_step() {
    let house = House::new().await;
    house.fill(1).await;
    house.settle().await;
    let lag = ["projections", "lag"];
    assert_eq!((readiness(&house).await.0, house.run(&lag, &[]).code), (200, Some(0)));

    let planted = "where org_id = $1 and projection = 'lead_list'";
    let ahead = format!("update projection_checkpoints set position = position + 7 {planted}");
    house.tamper(&ahead).await;
    let (status, check) = readiness(&house).await;
    assert_eq!((status, &check["ok"]), (503, &false.into()), "{check}");
    let stuck = &check["detail"]["stuck"][0];
    assert_eq!((&stuck["projection"], &stuck["ahead"]), (&"lead_list".into(), &1.into()));
    let told = house.run(&lag, &[]);
    assert!(told.code == Some(1) && told.said.contains("7 AHEAD"), "{}", told.said);

    let halted = format!(
        "update projection_checkpoints set position = position - 7, halted = 'planted' {planted}"
    );
    house.tamper(&halted).await;
    let (status, check) = readiness(&house).await;
    assert_eq!((status, &check["detail"]["message"]), (503, &"projections stuck".into()));
    let stuck = &check["detail"]["stuck"][0];
    assert_eq!((&stuck["projection"], &stuck["halted"]), (&"lead_list".into(), &1.into()));
    let told = house.run(&lag, &[]);
    assert!(told.code == Some(1) && told.said.contains("halted: planted"), "{}", told.said);
}

#[tokio::test]
async fn a_log_that_was_rolled_back_does_not_hide_the_lag_of_another() {
    let house = House::new().await;
    house.fill(1).await;
    let other = house.db.organisation().await;
    house.settle().await;
    let mut admin = house.admin().await;
    let planted = "update projection_checkpoints set position = position + $2, halted = $3
                   where org_id = $1 and projection = 'lead_list'";
    for (org, moved, halted) in [(house.org, -3_i64, Some("planted")), (other, 7, None)] {
        let planted = sqlx::query(planted).bind(org.as_uuid()).bind(moved).bind(halted);
        planted.execute(&mut admin).await.unwrap();
    }
    let progress = engine::progress(&house.db.app, &["lead_list"]).await.unwrap();
    let lag: Vec<i64> = progress.iter().map(engine::Progress::behind).collect();
    assert_eq!(lag.iter().sum::<i64>(), 3, "{lag:?}");

    let jobs =
        Served::start("jobs", &house.db, &[("METRICS_TOKEN", "a-token-of-tests-only")]).await;
    let url = format!("{}/metrics", jobs.url);
    let name = "projection_lag_events{projection=\"lead_list\"} ";
    let measured = loop {
        let asked = client().get(&url).bearer_auth("a-token-of-tests-only").send().await.unwrap();
        let text = asked.text().await.unwrap();
        let told = text.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
        match told {
            Some(told) if told != "0" => break told,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(measured, "3");
}
