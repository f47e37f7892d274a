//! The screens, as a browser has them, before the API itself: what both must agree on is held here and nowhere else.

use std::collections::{BTreeSet, HashMap};

use reqwest::header;
use reqwest::redirect::Policy;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::scheduling::{at_ten, client, team, worker};
use crate::harness::App;
use crate::harness::client::plain;
use crate::harness::logins::PASSWORD;

/// Somebody at a screen.
struct Browser {
    http: reqwest::Client,
    base: String,
    cookie: String,
    _serving: JoinSet<()>,
}

struct Page {
    status: u16,
    location: String,
    html: String,
}

impl Page {
    /// The hidden fields that every form of the page sends along.
    fn own(&self) -> HashMap<&'static str, String> {
        let field = |name: &str| {
            let named = format!("name=\"{name}\" value=\"");
            let (_, rest) = self.html.split_once(&named)?;
            Some(rest.split('"').next()?.to_owned())
        };
        let names = ["csrf", "key", "version"];
        names.into_iter().filter_map(|name| Some((name, field(name)?))).collect()
    }

    /// Where a form that was accepted leads.
    fn led_to(&self, begin: &str) -> &str {
        assert!(self.location.starts_with(begin), "{} {}", self.status, self.html);
        self.location.split('?').next().unwrap_or_default()
    }

    /// Where it leads, without the place on the page.
    fn links(&self) -> impl Iterator<Item = String> {
        let all = self.html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let plain = all.map(|link| link.replace("&amp;", "&").replace("&#38;", "&"));
        let pages = plain.map(|link| link.split('#').next().unwrap_or_default().to_owned());
        pages.filter(|link| link.starts_with('/'))
    }

    fn shows(&self, text: &str) {
        assert!(self.html.contains(text), "{text}: {}", self.html);
    }
}

impl Browser {
    async fn signed_in(app: &App, role: &str) -> Self {
        let options = web::Options {
            api_url: format!("http://{}", app.address.trim_start_matches("http://"))
                .parse()
                .unwrap(),
            secure_cookies: false,
            key: [7; 32],
            widget: None,
        };
        let site = web::router(options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(async { axum::serve(listener, site).await.unwrap() });
        let http = plain().redirect(Policy::none()).build().unwrap();
        let mut browser = Self { http, base, cookie: String::new(), _serving: serving };
        let name = format!("{role}-{}", app.orgs[0].slug);
        let login = [("username", name.as_str()), ("password", PASSWORD)];
        let answer = browser.send("/login", &login, &HashMap::new()).await;
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().clone_into(&mut browser.cookie);
        browser
    }

    async fn get(&self, address: &str) -> Page {
        let request = self.http.get(format!("{}{address}", self.base));
        page(request.header(header::COOKIE, &self.cookie).send().await.unwrap()).await
    }

    /// Fills in a form of `on`.
    async fn fill_in(&self, on: &Page, address: &str, typed: &[(&str, &str)]) -> Page {
        page(self.send(address, typed, &on.own()).await).await
    }

    async fn send(
        &self,
        address: &str,
        typed: &[(&str, &str)],
        own: &HashMap<&'static str, String>,
    ) -> reqwest::Response {
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let pairs: Vec<(&str, &str)> = own.chain(typed.iter().copied()).collect();
        let coded = reqwest::Url::parse_with_params("http://form.example", pairs).unwrap();
        let request = self.http.post(format!("{}{address}", self.base));
        request
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(coded.query().unwrap_or_default().to_owned())
            .send()
            .await
            .unwrap()
    }
}

async fn page(answer: reqwest::Response) -> Page {
    let location = answer.headers().get(header::LOCATION);
    let location = location.map_or("", |location| location.to_str().unwrap()).to_owned();
    Page { status: answer.status().as_u16(), location, html: answer.text().await.unwrap() }
}

#[tokio::test]
async fn every_page_of_staff_opens_to_an_owner() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let dana = worker(&owner, "Dana", "780-555-0101", &north).await;
    app.settle().await;
    let browser = Browser::signed_in(&app, "owner").await;
    let records =
        [format!("/teams/{north}"), format!("/clients/{sam}"), format!("/workers/{dana}")];
    let forms =
        [format!("/bookings/new?client_id={sam}"), format!("/invoices/new?client_id={sam}")];
    let lists = [
        "/dashboard",
        "/dispatch",
        "/bookings",
        "/board",
        "/subscriptions",
        "/days-off",
        "/leads",
        "/clients",
        "/workers",
        "/workers/new",
        "/teams",
        "/invoices",
        "/prices",
        "/prices/terms",
        "/disputes",
        "/finance",
        "/finance/expenses",
        "/finance/budgets",
        "/finance/cash",
        "/finance/taxes",
        "/finance/ledger",
        "/reports",
        "/effects",
        "/events",
        "/audit",
        "/checkpoints",
        "/settings",
    ];
    let parts: BTreeSet<&str> = lists.iter().map(|address| part(address)).collect();
    let lists = lists.into_iter().map(str::to_owned);
    let opened: BTreeSet<String> = lists.chain(records).chain(forms).collect();
    let mut found = BTreeSet::new();
    for address in &opened {
        let page = browser.get(address).await;
        assert_eq!(page.status, 200, "{address} {}: {}", page.location, page.html);
        found.extend(page.links().filter(|link| parts.contains(part(link))));
    }
    for address in found.difference(&opened) {
        let page = browser.get(address).await;
        assert_eq!(page.status, 200, "{address} {}: {}", page.location, page.html);
    }
}

/// The first part of an address: `/clients/0198?saved=1` is about clients.
fn part(address: &str) -> &str {
    let rest = address.trim_start_matches('/');
    rest.split(['/', '?']).next().unwrap_or_default()
}

#[tokio::test]
async fn a_visit_is_taken_down_by_hand_and_what_is_in_its_way_is_told() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let dana = worker(&owner, "Dana", "780-555-0101", &north).await;
    let along = format!("crew-{dana}");
    app.settle().await;
    let browser = Browser::signed_in(&app, "dispatcher").await;
    let day = at_ten(&app, 7).format("%Y-%m-%d").to_string();
    let new = browser.get(&format!("/bookings/new?client_id={sam}&date={day}")).await;
    new.shows("> 10:00</label>");
    let ten = format!("{day}T10:00");
    let typed = [
        ("step", "book"),
        ("client_id", &sam),
        ("team_id", &north),
        ("other_time", &ten),
        ("duration_minutes", "120"),
        ("price_cents", "1,250.50"),
        (&along, "on"),
    ];
    let made = browser.fill_in(&new, "/bookings/new", &typed).await;
    let booking = made.led_to("/bookings/").to_owned();
    app.settle().await;
    browser.get(&booking).await.shows("$1250.50");
    let taken = owner.get(&format!("/v1/admin{booking}")).await;
    assert!(taken.ok().body["crew"].to_string().contains(&dana), "{}", taken.text);
    let stranger = [
        ("step", "book"),
        ("name", "Quinn"),
        ("email", "quinn@example.net"),
        ("team_id", &north),
        ("other_time", &ten),
        ("duration_minutes", "60"),
    ];
    let again = browser.get("/bookings/new").await;
    let refused = browser.fill_in(&again, "/bookings/new", &stranger).await;
    assert_eq!(refused.status, 409, "{}", refused.html);
    refused.shows("The team is at another visit");
    refused.shows(&booking);
    refused.shows("quinn@example.net");
}

#[tokio::test]
async fn a_team_has_the_hours_and_the_days_off_that_its_page_was_told() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    app.settle().await;
    let browser = Browser::signed_in(&app, "owner").await;
    let address = format!("/teams/{north}");
    let page = browser.get(&address).await;
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let fields: Vec<(String, &str)> = names
        .iter()
        .flat_map(|day| {
            [("mode", "usual"), ("start", "09:00"), ("end", "18:00")].map(|one| (day, one))
        })
        .map(|(day, (part, value))| (format!("{day}_{part}"), value))
        .collect();
    let mut typed: HashMap<&str, &str> =
        fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    typed.insert("sunday_mode", "closed");
    typed.insert("friday_end", "15:00");
    let typed: Vec<(&str, &str)> = typed.into_iter().collect();
    browser.fill_in(&page, &format!("{address}/hours"), &typed).await.led_to(&address);
    let now = owner.get(&format!("/v1/admin{address}")).await;
    let week = &now.ok().body["working_hours"];
    assert_eq!((&week[4]["end_time"], &week[6]["is_closed"]), (&json!("15:00"), &json!(true)));
    assert_eq!(week[0]["is_usual"], true, "what was not changed stays as it is everywhere");
    let off = [("block_type", "blackout"), ("first_day", "2030-07-01"), ("reason", "<van>")];
    browser.fill_in(&page, &format!("{address}/time-off"), &off).await.led_to(&address);
    app.settle().await;
    let blocks = owner.get("/v1/admin/availability-blocks?scope=team").await.ok().body.clone();
    assert_eq!((&blocks[0]["scope_id"], &blocks[0]["reason"]), (&json!(north), &json!("<van>")));
    assert_eq!(blocks[0]["ends_at"], "2030-07-02T06:00:00Z", "the whole day in Edmonton");
}

#[tokio::test]
async fn an_invoice_is_written_mended_and_told_in_dollars() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    app.settle().await;
    let browser = Browser::signed_in(&app, "owner").await;
    let new = browser.get(&format!("/invoices/new?client_id={sam}")).await;
    let typed = [
        ("step", "write"),
        ("client_id", &*sam),
        ("items.1.description", "Lost <key>"),
        ("items.1.unit_price_cents", "1,025.50"),
        ("items.1.tax_rate", "5"),
    ];
    let written = browser.fill_in(&new, "/invoices/new", &typed).await;
    let invoice = written.led_to("/invoices/").to_owned();
    app.settle().await;
    let draft = browser.get(&format!("{invoice}/edit")).await;
    draft.shows("Lost &#60;key&#62;");
    let typed = [
        ("step", "write"),
        ("items.0.description", "Lost key"),
        ("items.0.unit_price_cents", "100"),
        ("items.0.tax_rate", "5"),
    ];
    browser.fill_in(&draft, &format!("{invoice}/edit"), &typed).await.led_to(&invoice);
    app.settle().await;
    let page = browser.get(&invoice).await;
    page.shows("$105.00");
    let paid = [("amount_cents", "50"), ("method", "cash")];
    browser.fill_in(&page, &format!("{invoice}/payment"), &paid).await.led_to(&invoice);
    app.settle().await;
    let page = browser.get(&invoice).await;
    let (_, back) = page.html.split_once("/payments/").unwrap();
    let address = format!("{invoice}/payments/{}", back.split('"').next().unwrap());
    let refused = browser.fill_in(&page, &address, &[("amount_cents", "99")]).await;
    refused.shows("from $0.01 to $50.00");
    browser.fill_in(&page, &address, &[("amount_cents", "20")]).await.led_to(&invoice);
    app.settle().await;
    browser.get(&invoice).await.shows("$20.00");
    // Whoever has its address reads it on the clock of the organisation.
    let link = owner.post(&format!("/v1/admin{invoice}/links"), &json!({})).await;
    let link = link.ok().body["public_link"].as_str().unwrap().to_owned();
    app.settle().await;
    let token = link.rsplit('/').next().unwrap();
    browser.get(&format!("/i/{token}")).await.shows("Times are those of America/Edmonton");
}

#[tokio::test]
async fn prices_are_collected_in_a_draft_and_hold_once_it_is_published() {
    let app = App::start().await;
    let browser = Browser::signed_in(&app, "owner").await;
    let send = async |address: &str, typed: &[(&str, &str)]| {
        let page = browser.get("/prices").await;
        browser.fill_in(&page, address, typed).await.led_to("/prices").to_owned()
    };
    send("/prices/draft", &[]).await;
    let service = [
        ("name", "Deep"),
        ("pricing_model", "flat"),
        ("base_price_cents", "1,200"),
        ("default_duration_minutes", "240"),
        ("active", "on"),
    ];
    send("/prices/services", &service).await;
    let rates = [
        ("gst_rate", "5.5"),
        ("rates.hourly_rate_cents", "40"),
        ("rates.minimum_milli_hours", "2.5"),
        ("discount_one_time", "0"),
        ("discount_weekly", "10"),
        ("discount_biweekly", "7.5"),
        ("discount_monthly", "0"),
    ];
    send("/prices/rates", &rates).await;
    let listed = app.anyone().get("/v1/settings/service-catalog").await.ok().body.clone();
    assert_eq!(listed["service_types"], json!([]), "a draft holds for nobody");
    send("/prices/publish", &[]).await;
    let listed = app.anyone().get("/v1/settings/service-catalog").await.ok().body.clone();
    assert_eq!(listed["service_types"][0]["base_price_cents"], 120_000);
    let holds = app.anyone().get("/v1/settings/pricing").await.ok().body.clone();
    assert_eq!(
        (&holds["gst_rate"], &holds["rates"]["minimum_milli_hours"]),
        (&json!(0.055), &json!(2_500))
    );
    app.settle().await;
    browser.get("/prices/versions/1").await.shows("$1200.00");
}

fn plainly(html: &str) -> String {
    html.replace("&#34;", "\"").replace("&#38;", "&")
}

/// What a browser sends of a form that somebody only looked at.
fn as_shown(html: &str, action: &str) -> Vec<(String, String)> {
    let (_, form) =
        html.split_once(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("no {action}"));
    let form = form.split("</form>").next().unwrap();
    let quoted = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\""))?;
        Some(plainly(rest.split('"').next()?))
    };
    let inputs = form.split("<input").skip(1).filter_map(|rest| {
        let tag = rest.split('>').next()?;
        let is_sent = !tag.contains("type=\"checkbox\"") || tag.contains("checked");
        let value = quoted(tag, "value").unwrap_or_else(|| "on".to_owned());
        Some((quoted(tag, "name")?, value)).filter(|_| is_sent)
    });
    let areas = form.split("<textarea").skip(1).filter_map(|rest| {
        let (tag, rest) = rest.split_once('>')?;
        Some((quoted(tag, "name")?, plainly(rest.split("</textarea>").next()?)))
    });
    inputs.chain(areas).collect()
}

#[tokio::test]
async fn every_term_is_on_the_page_and_saving_what_it_shows_changes_none() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let browser = Browser::signed_in(&app, "owner").await;
    let decided = json!({
        "deposit": { "notes": "By \"transfer\" & cash", "percent": 0.125 },
        "scheduling": { "max_bookings_per_day": 4 },
        "payment_terms": { "accepted_methods": ["cash", "e-transfer"] },
        "workers": { "rating_drop": 0.75, "required_certificates": { "ironing": ["Iron", "First Aid"] } },
        "ways": { "winter_months": [] },
    });
    owner.patch("/v1/admin/booking-policies", &decided).await.ok();
    let before = owner.get("/v1/admin/booking-policies").await.ok().body.clone();
    let page = browser.get("/prices/terms").await;
    for (section, fields) in before.as_object().unwrap() {
        for field in fields.as_object().unwrap().keys() {
            let name = format!("name=\"{section}.{field}");
            assert!(page.html.contains(&name), "{name}: {}", page.html);
        }
    }
    for section in before.as_object().unwrap().keys() {
        let address = format!("/prices/terms/{section}");
        let page = browser.get("/prices/terms").await;
        let typed = as_shown(&page.html, &address);
        let typed: Vec<(&str, &str)> =
            typed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let own = HashMap::new();
        let answer = self::page(browser.send(&address, &typed, &own).await).await;
        assert_eq!(answer.led_to("/prices/terms"), "/prices/terms");
    }
    let after = owner.get("/v1/admin/booking-policies").await;
    assert_eq!(after.ok().body, before);
    let page = browser.get("/prices/terms").await;
    let changed = [
        ("workers.hourly_rate_cents", "26"),
        ("workers.idle_days", "14"),
        ("workers.long_idle_days", "13"),
        ("workers.latest_ratings", "3"),
        ("workers.rating_drop", "0.5"),
        ("workers.required_certificates", "deep clean: Chemical Handling"),
    ];
    let refused = browser.fill_in(&page, "/prices/terms/workers", &changed).await;
    assert_eq!(refused.status, 422);
    refused.shows("id=\"workers.long_idle_days-error\">Input should not be less than idle_days");
    let mended = changed.map(|one| if one.1 == "13" { (one.0, "14") } else { one });
    browser
        .fill_in(&page, "/prices/terms/workers", &mended)
        .await
        .led_to("/prices/terms?saved=workers");
    let after = owner.get("/v1/admin/booking-policies").await.ok().body["workers"].clone();
    assert_eq!(
        (&after["hourly_rate_cents"], &after["required_certificates"]),
        (&json!(2_600), &json!({ "deep_clean": ["Chemical Handling"] }))
    );
    app.settle().await;
    browser.get("/prices").await.shows("$26.00");
}

#[tokio::test]
async fn the_books_take_what_their_pages_were_told() {
    let app = App::start().await;
    let (owner, browser) = (app.staff("owner"), Browser::signed_in(&app, "accountant").await);
    let category =
        owner.post("/v1/admin/finance/expense-categories", &json!({ "name": "Fuel" })).await;
    let category = category.ok().body["category_id"].as_str().unwrap();
    app.settle().await;
    let cash = browser.get("/finance/cash").await;
    let typed = [("as_of_date", "2026-01-31"), ("cash_cents", "-1,020.5"), ("note", "")];
    browser.fill_in(&cash, "/finance/cash", &typed).await.led_to("/finance/cash");
    let taxes = browser.get("/finance/taxes").await;
    let typed = [("tax_type", "GST"), ("due_on", "2030-04-30"), ("amount_cents", "500")];
    let all = "/finance/taxes/instalments";
    browser.fill_in(&taxes, all, &typed).await.led_to("/finance/taxes");
    let budgets = browser.get("/finance/budgets?month=2030-01").await;
    budgets.shows("Fuel");
    let typed = [("month", "2030-01"), ("category_id", category), ("amount_cents", "1,000")];
    browser.fill_in(&budgets, "/finance/budgets", &typed).await.led_to("/finance/budgets");
    app.settle().await;
    let found = |path: &str| format!("/v1/admin/finance/{path}");
    let counted = owner.get(&found("cash_snapshots")).await.ok().body["items"].clone();
    assert_eq!(counted[0]["cash_cents"], -102_050);
    let planned = owner.get(&found("taxes/instalments")).await.ok().body["items"].clone();
    assert_eq!(planned[0]["amount_cents"], 50_000);
    let set = owner.get(&found("budgets?month=2030-01")).await.ok().body["items"].clone();
    assert_eq!(set[0]["amount_cents"], 100_000);
}
