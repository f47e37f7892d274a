//! What is written into the books by hand.

use serde_json::{Value, json};

use super::{at, category, day, spent};
use crate::harness::App;

#[tokio::test]
async fn categories_have_names_of_their_own_and_stay_while_something_is_written_under_them() {
    let app = App::start().await;
    let owner = app.staff("accountant");
    let fuel = category(&owner, "Fuel").await;
    let again = json!({ "name": "FUEL" });
    let route = at("expense-categories");
    owner.post(&route, &again).await.is(409, "expense_category.name_taken");
    let soap = category(&owner, "Soap").await;
    let one = format!("{route}/{soap}");
    owner.patch(&one, &again).await.is(409, "expense_category.name_taken");
    owner.patch(&one, &json!({ "name": null })).await.is(422, "validation_failed");
    let first = json!({ "sort_order": 0, "default": true });
    assert_eq!(owner.patch(&one, &first).await.ok().body["default"], true);
    owner.patch(&format!("{route}/{fuel}"), &json!({ "sort_order": 1 })).await.ok();
    app.settle().await;
    let listed = owner.get(&route).await;
    let names: Vec<&Value> =
        listed.ok().body["items"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!((names, &listed.body["total"]), (vec![&json!("Soap"), &json!("Fuel")], &json!(2)));
    let expense = spent(&owner, &fuel, day("2026-01-05"), (100, 5)).await;
    let gone = format!("{route}/{fuel}");
    owner.send(reqwest::Method::DELETE, &gone, None).await.is(409, "expense_category.in_use");
    owner.send(reqwest::Method::DELETE, &at(&format!("expenses/{expense}")), None).await.ok();
    assert_eq!(owner.send(reqwest::Method::DELETE, &gone, None).await.status, 204);
    // The name is free again, the category is none any more.
    category(&owner, "fuel").await;
    let body = json!({
        "occurred_on": "2026-01-05", "category_id": fuel, "description": "x", "amount_cents": 1,
    });
    owner.post(&at("expenses"), &body).await.is(400, "expense.unknown_category");
    app.staff("viewer").get(&route).await.is(403, "forbidden");
    app.staff_of(1, "owner").patch(&one, &first).await.is(404, "expense_category.not_found");
}

#[tokio::test]
async fn expenses_are_written_down_corrected_and_taken_back() {
    let app = App::start().await;
    let owner = app.staff("accountant");
    let (fuel, soap) = (category(&owner, "Fuel").await, category(&owner, "Soap").await);
    let first = spent(&owner, &fuel, day("2026-01-05"), (1_000, 50)).await;
    let second = spent(&owner, &soap, day("2026-01-20"), (2_000, 100)).await;
    let third = spent(&owner, &fuel, day("2026-02-01"), (4_000, 200)).await;
    let one = |id: &str| at(&format!("expenses/{id}"));
    let corrected = json!({ "amount_cents": 1_100, "vendor": "=Petrol", "payment_method": null });
    let shown = owner.patch(&one(&first), &corrected).await;
    assert_eq!(
        (&shown.ok().body["amount_cents"], &shown.body["payment_method"]),
        (&json!(1_100), &Value::Null)
    );
    owner.patch(&one(&first), &json!({ "tax_cents": -1 })).await.is(422, "finance.invalid");
    owner.patch(&one(&first), &json!({ "occurred_on": null })).await.is(422, "validation_failed");
    let far = json!({ "occurred_on": app.now().date_naive() + chrono::TimeDelta::days(3) });
    let refused = owner.patch(&one(&first), &far).await;
    assert_eq!((refused.status, refused.fields()), (422, vec!["occurred_on"]));
    let mut planned = json!({ "category_id": fuel, "description": "x", "amount_cents": 1 });
    planned["occurred_on"] = far["occurred_on"].clone();
    assert_eq!(owner.post(&at("expenses"), &planned).await.fields(), ["occurred_on"]);
    let far = json!({ "occurred_on": "9999-01-01" });
    owner.patch(&one(&first), &far).await.is(422, "validation_failed");
    assert_eq!(owner.send(reqwest::Method::DELETE, &one(&third), None).await.status, 204);
    owner.get(&one(&third)).await.is(404, "expense.not_found");
    app.settle().await;
    let listed = owner.get(&at("expenses?page_size=1")).await;
    let body = &listed.ok().body;
    assert_eq!(
        (&body["total"], &body["total_cents"], &body["items"][0]["expense_id"]),
        (&json!(2), &json!(3_100), &json!(second))
    );
    let cursor = listed.header("x-next-cursor").unwrap();
    let next = owner.get(&at(&format!("expenses?page_size=1&cursor={cursor}"))).await;
    assert_eq!(next.ok().body["items"][0]["expense_id"], json!(first));
    let count = |answer: &crate::harness::client::Answer| answer.ok().body["total"].clone();
    for (query, wanted) in [
        ("from=2026-01-06", 1),
        ("to=2026-01-06", 1),
        ("query=PETROL", 1),
        (&format!("category_id={fuel}"), 1),
        ("from=2026-03-01", 0),
    ] {
        assert_eq!(count(&owner.get(&at(&format!("expenses?{query}"))).await), wanted, "{query}");
    }
    let backwards = owner.get(&at("expenses?from=2026-02-01&to=2026-01-01")).await;
    assert_eq!(backwards.fields(), ["to"]);
}

#[tokio::test]
async fn budgets_are_one_for_a_month_and_stand_beside_what_was_spent() {
    let app = App::start().await;
    let owner = app.staff("accountant");
    let (fuel, soap) = (category(&owner, "Fuel").await, category(&owner, "Soap").await);
    let set = |month: &str, category: &str, cents: i64| json!({ "month_yyyymm": month, "category_id": category, "amount_cents": cents });
    let made = owner.post(&at("budgets"), &set("2026-01", &fuel, 31_000)).await;
    let budget = made.ok().body["budget_id"].as_str().unwrap().to_owned();
    let twice = owner.post(&at("budgets"), &set("2026-01", &fuel, 1)).await;
    twice.is(409, "budget.already_set");
    owner.post(&at("budgets"), &set("2026-02", &fuel, 28_000)).await.ok();
    let later = owner.post(&at("budgets"), &set("2026-02", &soap, 5)).await;
    let later = later.ok().body["budget_id"].as_str().unwrap().to_owned();
    let moved = json!({ "category_id": fuel });
    owner.patch(&at(&format!("budgets/{later}")), &moved).await.is(409, "budget.already_set");
    let month = json!({ "month_yyyymm": "2026-13" });
    assert_eq!(
        owner.patch(&at(&format!("budgets/{later}")), &month).await.fields(),
        ["month_yyyymm"]
    );
    spent(&owner, &fuel, day("2026-01-31"), (5_900, 295)).await;
    spent(&owner, &soap, day("2026-01-31"), (100, 5)).await;
    app.settle().await;
    let listed = owner.get(&at("budgets?month=2026-01")).await;
    assert_eq!(listed.ok().body["items"].as_array().unwrap().len(), 1);
    let summary = owner.get(&at("expenses/summary?from=2026-01-22&to=2026-02-14")).await;
    let body = &summary.ok().body;
    assert_eq!((&body["total_cents"], &body["total_tax_cents"]), (&json!(6_000), &json!(300)));
    let of = |name: &str| {
        let all = body["categories"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap().clone()
    };
    let told = of("Fuel");
    // 10 of 31 days of January, 14 of 28 of February.
    assert_eq!(
        (&told["budget_cents"], &told["budget_prorated_cents"], &told["percent_of_budget"]),
        (&json!(59_000), &json!(24_000), &json!(0.1))
    );
    assert_eq!((&of("Soap")["budget_cents"], &of("Soap")["total_cents"]), (&json!(5), &json!(100)));
    let one = at(&format!("budgets/{budget}"));
    assert_eq!(owner.send(reqwest::Method::DELETE, &one, None).await.status, 204);
    owner.post(&at("budgets"), &set("2026-01", &fuel, 7)).await.ok();
}

#[tokio::test]
async fn cash_is_counted_once_a_day_and_instalments_are_paid_or_cancelled() {
    let app = App::start().await;
    let owner = app.staff("accountant");
    let route = at("cash_snapshots");
    let count = |day: &str, cents: i64| json!({ "as_of_date": day, "cash_cents": cents });
    let first = owner.post(&route, &count("2026-01-31", -500)).await;
    let first = first.ok().body["snapshot_id"].as_str().unwrap().to_owned();
    owner.post(&route, &count("2026-01-31", 1)).await.is(409, "cash_snapshot.date_taken");
    owner.post(&route, &count("2026-02-28", 1)).await.ok();
    let one = format!("{route}/{first}");
    let moved = json!({ "as_of_date": "2026-02-28" });
    owner.patch(&one, &moved).await.is(409, "cash_snapshot.date_taken");
    owner.patch(&one, &json!({ "as_of_date": "2026-03-31", "note": "till" })).await.ok();
    app.settle().await;
    let listed = owner.get(&format!("{route}?limit=1")).await;
    assert_eq!(listed.ok().body["items"][0]["note"], "till");
    let cursor = listed.header("x-next-cursor").unwrap();
    let next = owner.get(&format!("{route}?limit=1&cursor={cursor}")).await;
    assert_eq!(next.ok().body["items"][0]["as_of_date"], "2026-02-28");
    assert_eq!(owner.send(reqwest::Method::DELETE, &one, None).await.status, 204);
    owner.patch(&one, &json!({})).await.is(404, "cash_snapshot.not_found");

    let route = at("taxes/instalments");
    let plan = json!({ "tax_type": "GST", "due_on": "2026-04-30", "amount_cents": 900 });
    let planned = owner.post(&route, &plan).await;
    let one = format!("{route}/{}", planned.ok().body["instalment_id"].as_str().unwrap());
    let paid = json!({ "paid_on": "2026-04-28" });
    assert_eq!(owner.patch(&one, &paid).await.ok().body["paid_on"], "2026-04-28");
    owner.patch(&one, &json!({ "amount_cents": 1 })).await.is(409, "tax_instalment.paid");
    let cancel = format!("{one}/cancel");
    owner.post(&cancel, &json!({})).await.is(409, "tax_instalment.paid");
    app.settle().await;
    let listed = owner.get(&format!("{route}?from=2026-04-30&to=2026-04-30")).await;
    assert_eq!(listed.ok().body["items"][0]["paid_on"], "2026-04-28");
    owner.patch(&one, &json!({ "paid_on": null })).await.ok();
    assert_eq!(owner.post(&cancel, &json!({})).await.ok().body["cancelled"], true);
    app.settle().await;
    assert_eq!(owner.get(&route).await.ok().body["items"], json!([]));
    owner.patch(&one, &paid).await.is(404, "tax_instalment.not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_stays_paid_whatever_is_corrected_at_once() {
    let (_app, owner, _) = super::with_client().await;
    let fuel = category(&owner, "Fuel").await;
    for round in 0..12 {
        let body = json!({
            "occurred_on": "2026-01-12", "category_id": fuel, "description": "Soap", "amount_cents": 100,
        });
        let made = owner.post(&at("expenses"), &body).await;
        let one = at(&format!("expenses/{}", made.ok().body["expense_id"].as_str().unwrap()));
        let (words, paid) = (json!({ "description": "Salt" }), json!({ "payment_method": "card" }));
        let pay = format!("{one}/pay");
        let (corrected, settled) =
            futures::join!(owner.patch(&one, &words), owner.post(&pay, &paid));
        let known = owner.get(&one).await;
        if corrected.status == 200 {
            assert_eq!(known.ok().body["description"], "Salt", "round {round}");
        }
        if settled.status == 200 {
            assert_eq!(known.ok().body["payment_method"], "card", "round {round}: {}", known.text);
        }
        assert!([corrected.status, settled.status].contains(&200), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_corrections_at_once_neither_undoes_the_other() {
    let (_app, owner, _) = super::with_client().await;
    for round in 0..12 {
        let day = day("2026-01-01") + chrono::TimeDelta::days(round);
        let count = json!({ "as_of_date": day, "cash_cents": 1 });
        let count = owner.post(&at("cash_snapshots"), &count).await;
        let count =
            at(&format!("cash_snapshots/{}", count.ok().body["snapshot_id"].as_str().unwrap()));
        let fuel = category(&owner, &format!("Fuel {round}")).await;
        let fuel = at(&format!("expense-categories/{fuel}"));
        for (path, first, second) in [
            (&count, json!({ "cash_cents": 7 }), json!({ "note": "said" })),
            (&fuel, json!({ "sort_order": 7 }), json!({ "name": format!("Gas {round}") })),
        ] {
            let both = futures::join!(owner.patch(path, &first), owner.patch(path, &second));
            let last = owner.patch(path, &json!({})).await;
            for (answer, asked) in [(both.0, first), (both.1, second)] {
                for (field, value) in asked.as_object().unwrap() {
                    assert!(
                        answer.status != 200 || last.ok().body[field] == *value,
                        "{path}: {}",
                        last.text
                    );
                }
                assert!([200, 409, 412].contains(&answer.status), "{}", answer.text);
            }
        }
    }
}
