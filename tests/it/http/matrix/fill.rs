//! What the matrix must be told about routes: one line for each thing that an id names and for each body.
//!
//! A route that needs a line and has none fails the first test of this module, which says which line is missing.

/// Something that an id names, and how the API makes one.
pub(super) struct Thing {
    /// As parameters call it.
    pub(super) name: &'static str,
    /// The route that makes one, and what it is sent.
    pub(super) made_by: (&'static str, &'static str),
    /// The field of the answer that is its id, or a pointer to it.
    pub(super) field: &'static str,
    /// The routes that bring it to where everything can be asked of it, and what they are sent; `{}` stands for its id.
    pub(super) then: &'static [(&'static str, &'static str)],
    /// The route that ends one, and what it is sent; `{}` stands for its id.
    pub(super) ended_by: Option<(&'static str, &'static str)>,
}

const fn thing(
    name: &'static str,
    made_by: (&'static str, &'static str),
    field: &'static str,
    ended_by: Option<(&'static str, &'static str)>,
) -> Thing {
    Thing { name, made_by, field, then: &[], ended_by }
}

impl Thing {
    const fn after(mut self, then: &'static [(&'static str, &'static str)]) -> Self {
        self.then = then;
        self
    }
}

/// In bodies, `{mark}` is the word that only one organisation knows, `{n}` a number never used before, `{day}` a day never
/// used before, `{month}` a month that has not been used for long, `{soon}` one in two months, and `{some_id}` the id of a thing made before.
const FORM: &str = r#"{"name":"{mark} {n}","phone":"780-555-{n}","address":"{mark} street","email":"{mark}-{n}@example.net",
    "preferred_dates":["x"],"notes":"{mark}","structured_inputs":{"beds":1,"baths":1},"estimate_snapshot":{}}"#;
const VISIT: &str = r#"{"team_id":"{team_id}","client_id":"{client_id}","starts_at":"{day}T10:00","duration_minutes":60,
    "address_text":"{mark} street"}"#;
const SUBSCRIPTION: &str = r#"{"client_id":"{client_id}","frequency":"WEEKLY","start_date":"{soon}",
    "structured_inputs":{"beds":1,"baths":1}}"#;
const ADDRESS: &str = r#"{"address_text":"{mark} street {n}"}"#;
const TEMPLATE: &str = r#"{"name":"{mark} {n}","items":[{"label":"{mark}","phase":"AFTER"}]}"#;
const BLOCK: &str = r#"{"scope_type":"team","scope_id":"{team_id}","block_type":"training","starts_at":"2000-01-01T00:00",
    "ends_at":"2000-01-01T01:00","reason":"{mark}"}"#;
const BLACKOUT: &str = r#"{"team_id":"{team_id}","starts_at":"2000-01-01T00:00","ends_at":"2000-01-01T01:00","reason":"{mark}"}"#;
/// Sent as a form, because it begins like one.
const PHOTO: &str = "--photo\r\nContent-Disposition: form-data; name=\"phase\"\r\n\r\nBEFORE\r\n\
    --photo\r\nContent-Disposition: form-data; name=\"admin_override\"\r\n\r\ntrue\r\n\
    --photo\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{mark}.webp\"\r\n\r\nRIFF1234WEBPVP8 {n}\r\n\
    --photo--\r\n";
const EXTERNAL: &str =
    r#"{"starts_at":"2000-01-01T00:00","ends_at":"2000-01-01T01:00","source":"{mark}"}"#;
const INVOICE: &str = r#"{"client_id":"{client_id}","notes":"{mark}",
    "items":[{"description":"{mark}","qty":1,"unit_price_cents":100,"tax_rate":null}]}"#;
const EXPENSE: &str = r#"{"occurred_on":"2024-05-06","category_id":"{expense_category_id}","vendor":"{mark}",
    "description":"{mark}","amount_cents":100,"tax_cents":5,"payment_method":"cash"}"#;
const BUDGET: &str =
    r#"{"month_yyyymm":"{month}","category_id":"{expense_category_id}","amount_cents":100}"#;
const SNAPSHOT: &str = r#"{"as_of_date":"{month}-15","cash_cents":100,"note":"{mark}"}"#;
const INSTALMENT: &str =
    r#"{"tax_type":"GST","due_on":"2024-07-31","amount_cents":100,"note":"{mark}"}"#;
const DISPUTE: &str = r#"{"booking_id":"{booking_id}","reason":"{mark}"}"#;
const ERASED: Option<(&str, &str)> =
    Some(("POST /v1/admin/subjects/{}/erase", r#"{"reason":"asked"}"#));

/// In an order in which each can be made of those before it.
pub(super) const THINGS: &[Thing] = &[
    thing("lead_id", ("POST /v1/leads", FORM), "lead_id", ERASED),
    thing("subject_id", ("POST /v1/leads", FORM), "lead_id", ERASED),
    thing("referral_code", ("POST /v1/leads", FORM), "referral_code", None),
    thing(
        "quote_id",
        ("POST /v1/admin/leads/{lead_id}/quotes", r#"{"amount":100,"service_type":"{mark}"}"#),
        "quote_id",
        None,
    ),
    thing(
        "user_id",
        ("POST /v1/iam/users", r#"{"email":"{mark}-{n}@example.net","role":"viewer"}"#),
        "user_id",
        Some(("POST /v1/iam/users/{}/deactivate", "{}")),
    ),
    thing(
        "role_id",
        ("POST /v1/admin/iam/roles", r#"{"name":"{mark} {n}","permissions":["core.view"]}"#),
        "role_id",
        Some(("DELETE /v1/admin/iam/roles/{}", "")),
    ),
    thing(
        "worker_id",
        ("POST /v1/admin/workers", r#"{"name":"{mark} {n}","phone":"780-555-{n}"}"#),
        "worker_id",
        ERASED,
    ),
    thing(
        "client_id",
        ("POST /v1/admin/clients", r#"{"name":"{mark} {n}","email":"{mark}-c{n}@example.net"}"#),
        "client_id",
        ERASED,
    ),
    thing(
        "cert_id",
        ("POST /v1/admin/workers/{worker_id}/certificates", r#"{"name":"{mark}"}"#),
        "/certificates/0/cert_id",
        None,
    ),
    thing(
        "address_id",
        ("POST /v1/admin/clients/{client_id}/addresses", ADDRESS),
        "address_id",
        Some(("POST /v1/admin/clients/{client_id}/addresses/{}/archive", "")),
    ),
    thing(
        "team_id",
        ("POST /v1/admin/teams", r#"{"name":"{mark} {n}"}"#),
        "team_id",
        Some(("POST /v1/admin/teams/{}/archive", "")),
    ),
    thing(
        "booking_id",
        ("POST /v1/admin/schedule/quick-create", VISIT),
        "booking_id",
        Some(("POST /v1/admin/bookings/{}/cancel", r#"{"reason":"{mark}"}"#)),
    ),
    thing(
        "template_id",
        ("POST /v1/admin/checklists/templates", TEMPLATE),
        "template_id",
        Some(("DELETE /v1/admin/checklists/templates/{}", "")),
    ),
    thing(
        "order_id",
        ("POST /v1/admin/schedule/quick-create", VISIT),
        "booking_id",
        Some(("POST /v1/admin/bookings/{}/cancel", r#"{"reason":"{mark}"}"#)),
    )
    .after(&[
        ("POST /v1/admin/bookings/{}/confirm", ""),
        ("POST /v1/orders/{}/time/start", ""),
        ("POST /v1/orders/{}/checklist/init", "{}"),
    ]),
    thing("invoice_id", ("POST /v1/admin/invoices", INVOICE), "invoice_id", None)
        .after(&[("POST /v1/admin/invoices/{}/links", "{}")]),
    thing(
        "payment",
        (
            "POST /v1/admin/invoices/{invoice_id}/record-payment",
            r#"{"amount_cents":1,"method":"cash"}"#,
        ),
        "/payment/payment_id",
        None,
    ),
    thing("dispute_id", ("POST /v1/admin/disputes", DISPUTE), "dispute_id", None)
        .after(&[("POST /v1/admin/disputes/{}/facts", "{}")]),
    thing(
        "expense_category_id",
        ("POST /v1/admin/finance/expense-categories", r#"{"name":"{mark} {n}"}"#),
        "category_id",
        Some(("DELETE /v1/admin/finance/expense-categories/{}", "")),
    ),
    thing(
        "expense_id",
        ("POST /v1/admin/finance/expenses", EXPENSE),
        "expense_id",
        Some(("DELETE /v1/admin/finance/expenses/{}", "")),
    ),
    thing(
        "budget_id",
        ("POST /v1/admin/finance/budgets", BUDGET),
        "budget_id",
        Some(("DELETE /v1/admin/finance/budgets/{}", "")),
    ),
    thing(
        "snapshot_id",
        ("POST /v1/admin/finance/cash_snapshots", SNAPSHOT),
        "snapshot_id",
        Some(("DELETE /v1/admin/finance/cash_snapshots/{}", "")),
    ),
    thing(
        "instalment_id",
        ("POST /v1/admin/finance/taxes/instalments", INSTALMENT),
        "instalment_id",
        Some(("POST /v1/admin/finance/taxes/instalments/{}/cancel", "")),
    ),
    thing(
        "run_item_id",
        ("POST /v1/orders/{order_id}/checklist/init", "{}"),
        "/items/0/run_item_id",
        None,
    ),
    thing(
        "photo_id",
        ("POST /v1/orders/{order_id}/photos", PHOTO),
        "photo_id",
        Some(("DELETE /v1/orders/{order_id}/photos/{}", "")),
    ),
    thing(
        "block_id",
        ("POST /v1/admin/availability-blocks", BLOCK),
        "block_id",
        Some(("DELETE /v1/admin/availability-blocks/{}", "")),
    ),
    thing(
        "external_block_id",
        ("POST /v1/admin/schedule/external_blocks", EXTERNAL),
        "external_block_id",
        Some(("DELETE /v1/admin/schedule/external_blocks/{}", "")),
    ),
    thing(
        "subscription_id",
        ("POST /v1/admin/subscriptions", SUBSCRIPTION),
        "subscription_id",
        Some(("PATCH /v1/admin/subscriptions/{}", r#"{"status":"CANCELED"}"#)),
    ),
    thing(
        "service_type_id",
        ("POST /v1/admin/service-types", r#"{"name":"{mark} {n}"}"#),
        "service_type_id",
        Some(("DELETE /v1/admin/service-types/{}", "")),
    ),
    thing(
        "service_addon_id",
        ("POST /v1/admin/service-types/{service_type_id}/addons", r#"{"name":"{mark} {n}"}"#),
        "service_addon_id",
        Some(("DELETE /v1/admin/service-addons/{}", "")),
    ),
    thing(
        "addon_id",
        ("POST /v1/admin/addons", r#"{"code":"{mark}-{n}","name":"{mark} {n}"}"#),
        "addon_id",
        Some(("PATCH /v1/admin/addons/{}", r#"{"is_active":false}"#)),
    ),
    thing(
        "token_id",
        ("POST /v1/iam/api-tokens", r#"{"name":"{mark} {n}","permissions":["core.view"]}"#),
        "token_id",
        Some(("DELETE /v1/iam/api-tokens/{}", "")),
    ),
    thing(
        "break_glass_id",
        ("POST /v1/admin/break-glass/start", r#"{"reason":"{mark}"}"#),
        "session_id",
        Some(("POST /v1/admin/break-glass/{}/end", "")),
    ),
];

/// Other names for the same things. `org_id` is the organisation itself.
pub(super) const ALIASES: &[(&str, &str)] = &[
    ("addon_ids", "addon_id"),
    ("assigned_worker_id", "worker_id"),
    ("booking_ids", "booking_id"),
    ("into_client_id", "client_id"),
    ("category_id", "expense_category_id"),
    ("customer_id", "client_id"),
    ("invoice_ids", "invoice_id"),
    ("job_id", "order_id"),
    ("custom_role_id", "role_id"),
    ("resource_id", "lead_id"),
    ("scope_id", "team_id"),
    ("worker_ids", "worker_id"),
    ("session_id", "user_id"),
];

/// Things of one person alone: what is one's own is asked for in the tests of sessions, here only what is not; so is what a
/// portal shows.
pub(super) const PERSONAL: &[&str] = &["session_id"];

/// Parameters that exclude what the body of their route says already: one's own is asked for in tests of the route.
pub(super) const INSTEAD: &[(&str, &[&str])] = &[
    // Opened by a token, or by the session of whoever is to pay.
    ("POST /v1/payments/deposit/checkout", &["booking_id"]),
    ("POST /v1/payments/invoice/checkout", &["invoice_id"]),
    // Something is given back only of what somebody took before.
    ("POST /v1/admin/bookings/{booking_id}/deposit/return", &["booking_id"]),
    // A visit has one dispute at a time; how it goes on is seen in tests of its own.
    ("POST /v1/admin/disputes", &["booking_id"]),
    ("POST /v1/admin/disputes/{dispute_id}/facts", &["dispute_id"]),
    ("POST /v1/admin/disputes/{dispute_id}/decide", &["dispute_id"]),
    ("POST /v1/admin/disputes/{dispute_id}/close", &["dispute_id"]),
    ("POST /v1/admin/subscriptions", &["lead_id", "quote_id", "service_type_id"]),
    ("POST /v1/admin/clients/{client_id}/feedback", &["booking_id"]),
    ("POST /v1/admin/disputes", &["invoice_id"]),
    ("GET /v1/client/slots", &["team_id"]),
    ("POST /v1/admin/workers/{worker_id}/reviews", &["worker_id", "booking_id"]),
    ("POST /v1/admin/workers/bulk/archive", &["worker_ids"]),
    // It names a text, and no checklist.
    ("POST /v1/admin/dispatcher/notify", &["template_id"]),
];

/// Parameters that look like an id and name nothing of an organisation, or only what belongs to something else as well.
pub(super) const NO_IDS: &[&str] = &[
    "refresh_token",
    "mfa_code",
    "reason_code",
    "captcha_token",
    "lead_worker_id",
    "alert_id",
    "source_id",
    "suggestion_id",
    "payment_id",
];

/// Parameters that say where a page begins, in a form of the route's own.
pub(super) const PAGES: &[&str] = &["cursor", "after"];

/// Routes whose path says what sort of thing an id names.
pub(super) const SORTS: &[(&str, &[&str])] = &[
    (
        "/v1/admin/history/{type}/{id}",
        &["/v1/admin/history/lead/{lead_id}", "/v1/admin/history/organisation/{org_id}"],
    ),
    ("/v1/admin/timeline/{type}/{id}", &["/v1/admin/timeline/lead/{lead_id}"]),
    ("/v1/admin/price-book/versions/{version}", &["/v1/admin/price-book/versions/1"]),
    ("/v1/admin/finance/periods/{month}", &["/v1/admin/finance/periods/2001-01"]),
    (
        "/v1/admin/finance/accounting-exports/{month}",
        &["/v1/admin/finance/accounting-exports/2001-01"],
    ),
    ("/v1/admin/finance/periods/{month}/close", &["/v1/admin/finance/periods/2001-01/close"]),
    ("/v1/admin/finance/periods/{month}/reopen", &["/v1/admin/finance/periods/2001-01/reopen"]),
    ("/v1/admin/invoices/{invoice_id}/links/{link}", &["/v1/admin/invoices/{invoice_id}/links/1"]),
];

/// What a caller who may do it sends, for routes that take a body.
pub(super) const BODIES: &[(&str, &str)] = &[
    ("POST /v1/leads", FORM),
    ("POST /api/leads", FORM),
    ("POST /v1/estimate", r#"{"beds":1,"baths":1}"#),
    ("PATCH /v1/admin/leads/{lead_id}", r#"{"notes":"n"}"#),
    ("POST /v1/admin/leads/{lead_id}/status", r#"{"status":"CONTACTED"}"#),
    ("POST /v1/admin/leads/{lead_id}/timeline", r#"{"action":"a"}"#),
    ("POST /v1/admin/leads/{lead_id}/quotes", r#"{"amount":1}"#),
    ("POST /v1/admin/leads/{lead_id}/quotes/{quote_id}/revise", r#"{"amount":2}"#),
    ("POST /v1/admin/leads/{lead_id}/quotes/{quote_id}/followups", r#"{"note":"n"}"#),
    ("POST /v1/admin/subjects/{subject_id}/erase", r#"{"reason":"asked"}"#),
    ("POST /v1/admin/iam/roles", r#"{"name":"r {n}","permissions":["core.view"]}"#),
    ("PATCH /v1/admin/iam/roles/{role_id}", r#"{"description":"d"}"#),
    ("POST /v1/admin/workers", r#"{"name":"w","phone":"780-556-{n}"}"#),
    ("PATCH /v1/admin/workers/{worker_id}", r#"{"name":"w {n}"}"#),
    ("PATCH /v1/admin/workers/{worker_id}/file", r#"{"role":"r {n}","skills":["s{n}"]}"#),
    ("POST /v1/admin/workers/{worker_id}/rates", r#"{"hourly_rate_cents":2600}"#),
    ("POST /v1/admin/workers/{worker_id}/onboarding", r#"{"step":"docs_received","done":true}"#),
    ("POST /v1/admin/workers/{worker_id}/certificates", r#"{"name":"{mark}"}"#),
    ("POST /v1/admin/workers/{worker_id}/notes", r#"{"text":"{mark}"}"#),
    ("POST /v1/admin/workers/{worker_id}/incidents", r#"{"text":"{mark}","severity":"low"}"#),
    ("POST /v1/admin/workers/{worker_id}/reviews", r#"{"booking_id":"{booking_id}","rating":5}"#),
    ("POST /v1/admin/workers/{worker_id}/transfer", r#"{"team_id":"{team_id}"}"#),
    ("POST /v1/admin/workers/bulk/archive", r#"{"worker_ids":["{worker_id}"]}"#),
    ("POST /v1/admin/workers/bulk/unarchive", r#"{"worker_ids":["{worker_id}"]}"#),
    (
        "POST /v1/admin/workers/bulk/announce",
        r#"{"worker_ids":["{worker_id}"],"message":"{mark}"}"#,
    ),
    ("POST /v1/admin/clients", r#"{"name":"c","email":"c{n}@example.net"}"#),
    ("PATCH /v1/admin/clients/{client_id}", r#"{"name":"c {n}"}"#),
    ("POST /v1/admin/clients/{client_id}/block", r#"{"reason":"r"}"#),
    ("POST /v1/admin/clients/{client_id}/addresses", ADDRESS),
    ("PATCH /v1/admin/clients/{client_id}/addresses/{address_id}", r#"{"label":"l {n}"}"#),
    ("POST /v1/admin/clients/{client_id}/notes", r#"{"kind":"NOTE","text":"{mark} {n}"}"#),
    ("PUT /v1/admin/clients/{client_id}/tags", r#"{"tags":["{mark} {n}"]}"#),
    ("POST /v1/admin/clients/{client_id}/feedback", r#"{"rating":5,"comment":"{mark}"}"#),
    ("POST /v1/admin/clients/{client_id}/merge", r#"{"into_client_id":"{client_id}"}"#),
    ("POST /v1/billing/pause", r#"{"reason_code":"SEASON_OVER"}"#),
    ("POST /v1/billing/resume", r#"{"reason_code":"SEASON_BEGINS"}"#),
    ("POST /v1/admin/teams", r#"{"name":"t {n}"}"#),
    ("PATCH /v1/admin/teams/{team_id}", r#"{"zones":["z {n}"]}"#),
    (
        "POST /v1/admin/working-hours",
        r#"{"team_id":"{team_id}","day_of_week":6,"start_time":"08:00","end_time":"19:00"}"#,
    ),
    ("POST /v1/admin/availability-blocks", BLOCK),
    ("PATCH /v1/admin/availability-blocks/{block_id}", r#"{"reason":"r {n}"}"#),
    ("POST /v1/admin/blackouts", BLACKOUT),
    ("POST /v1/admin/schedule/block", BLACKOUT),
    (
        "POST /v1/bookings",
        r#"{"lead_id":"{lead_id}","starts_at":"{day}T10:00","time_on_site_hours":1}"#,
    ),
    ("POST /v1/admin/schedule/quick-create", VISIT),
    ("PATCH /v1/admin/bookings/{booking_id}", r#"{"starts_at":"{day}T13:00"}"#),
    ("POST /v1/admin/bookings/{booking_id}/reschedule", r#"{"starts_at":"{day}T13:00"}"#),
    ("POST /v1/admin/schedule/{booking_id}/move", r#"{"starts_at":"{day}T13:00"}"#),
    (
        "PUT /v1/admin/bookings/{booking_id}/client",
        r#"{"client_id":"{client_id}","address_id":"{address_id}"}"#,
    ),
    ("POST /v1/admin/bookings/{booking_id}/complete", r#"{"actual_duration_minutes":60}"#),
    ("POST /v1/admin/bookings/{booking_id}/cancel", r#"{"reason":"r"}"#),
    (
        "POST /v1/admin/bookings/{booking_id}/overrides",
        r#"{"what":"deposit","amount_cents":0,"reason":"r"}"#,
    ),
    ("POST /v1/admin/bookings/{booking_id}/deposit", r#"{"amount_cents":100,"reference":"r"}"#),
    ("POST /v1/admin/bookings/{booking_id}/deposit/return", "{}"),
    ("POST /v1/admin/schedule/external_blocks", EXTERNAL),
    ("POST /v1/admin/bookings/bulk", r#"{"booking_ids":["{booking_id}"],"send_reminder":true}"#),
    ("POST /v1/admin/dispatcher/bookings/{booking_id}/reassign", r#"{"worker_id":null}"#),
    (
        "POST /v1/admin/dispatcher/bookings/{booking_id}/reschedule",
        r#"{"starts_at":"{day}T13:00"}"#,
    ),
    (
        "POST /v1/admin/dispatcher/bookings/{booking_id}/status",
        r#"{"status":"CANCELLED","reason":"r"}"#,
    ),
    ("PUT /v1/admin/dispatcher/bookings/{booking_id}/location", r#"{"lat":53.5,"lng":-113.{n}}"#),
    (
        "PUT /v1/admin/dispatcher/zones",
        r#"{"zones":[{"name":"{mark} {n}","south":1,"north":2,"west":1,"east":2}]}"#,
    ),
    ("POST /v1/admin/dispatcher/alerts/ack", r#"{"alert_id":"0000000000000000"}"#),
    (
        "POST /v1/admin/dispatcher/notify",
        r#"{"booking_id":"{booking_id}","target":"client","channel":"sms","template_id":"CLIENT_DONE"}"#,
    ),
    (
        "POST /v1/admin/dispatcher/routes/estimate",
        r#"{"origin":{"lat":53.5,"lng":-113.5},"dest":{"lat":53.6,"lng":-113.5}}"#,
    ),
    (
        "POST /v1/admin/schedule/optimization/apply",
        r#"{"suggestion_id":"assign-0-1","booking_id":"{booking_id}"}"#,
    ),
    ("POST /v1/admin/checklists/templates", TEMPLATE),
    ("PUT /v1/admin/checklists/templates/{template_id}", TEMPLATE),
    ("POST /v1/orders/{order_id}/checklist/init", "{}"),
    ("PATCH /v1/orders/{order_id}/checklist/items/{run_item_id}", r#"{"note":"n {n}"}"#),
    ("PATCH /v1/orders/{order_id}/addons", r#"{"addons":[]}"#),
    ("PATCH /v1/orders/{order_id}/consent_photos", r#"{"consent_photos":true}"#),
    (
        "POST /v1/orders/{order_id}/reasons",
        r#"{"kind":"TIME_OVERRUN","code":"OTHER","note":"{mark}"}"#,
    ),
    ("POST /v1/orders/{order_id}/photos", PHOTO),
    ("POST /v1/admin/bookings/{booking_id}/photos", PHOTO),
    (
        "POST /v1/orders/{order_id}/photos/{photo_id}/review",
        r#"{"review_status":"APPROVED","comment":"{mark}"}"#,
    ),
    ("POST /v1/orders/{order_id}/time/finish", "{}"),
    ("POST /v1/admin/invoices", INVOICE),
    (
        "POST /v1/admin/orders/{order_id}/invoice",
        r#"{"allow_additional":true,"items":[{"description":"{mark}","qty":1,"unit_price_cents":100}]}"#,
    ),
    ("PATCH /v1/admin/invoices/{invoice_id}", r#"{"notes":"n {n}"}"#),
    ("POST /v1/admin/invoices/{invoice_id}/void", r#"{"reason":"r"}"#),
    ("POST /v1/admin/invoices/{invoice_id}/credit-notes", r#"{"amount_cents":1,"reason":"r"}"#),
    (
        "POST /v1/admin/invoices/{invoice_id}/record-payment",
        r#"{"amount_cents":1,"method":"cash"}"#,
    ),
    ("POST /v1/admin/invoices/{invoice_id}/mark-paid", r#"{"amount_cents":1,"method":"cash"}"#),
    ("POST /v1/admin/invoices/{invoice_id}/payments/{payment}/refund", "{}"),
    ("POST /v1/admin/invoices/bulk/remind", r#"{"invoice_ids":["{invoice_id}"]}"#),
    (
        "POST /v1/admin/invoices/bulk/mark_paid",
        r#"{"invoice_ids":["{invoice_id}"],"method":"cash"}"#,
    ),
    ("POST /v1/admin/invoices/overdue_remind", r#"{"bucket":"recent"}"#),
    ("POST /v1/admin/finance/expense-categories", r#"{"name":"c {n}"}"#),
    ("PATCH /v1/admin/finance/expense-categories/{expense_category_id}", r#"{"name":"c {n}"}"#),
    ("POST /v1/admin/finance/expenses", EXPENSE),
    ("PATCH /v1/admin/finance/expenses/{expense_id}", r#"{"amount_cents":{n}}"#),
    ("POST /v1/admin/finance/expenses/{expense_id}/pay", r#"{"payment_method":"card"}"#),
    ("POST /v1/admin/finance/budgets", BUDGET),
    ("PATCH /v1/admin/finance/budgets/{budget_id}", r#"{"amount_cents":{n}}"#),
    ("POST /v1/admin/finance/cash_snapshots", SNAPSHOT),
    ("PATCH /v1/admin/finance/cash_snapshots/{snapshot_id}", r#"{"cash_cents":{n}}"#),
    ("POST /v1/admin/finance/taxes/instalments", INSTALMENT),
    ("PATCH /v1/admin/finance/taxes/instalments/{instalment_id}", r#"{"amount_cents":{n}}"#),
    ("POST /v1/admin/disputes", DISPUTE),
    ("POST /v1/admin/disputes/{dispute_id}/facts", r#"{"photo_refs":["p {n}"]}"#),
    ("POST /v1/admin/disputes/{dispute_id}/decide", r#"{"decision":"no_refund"}"#),
    ("POST /worker/jobs/{job_id}/disputes/report", r#"{"reason":"{mark}"}"#),
    ("POST /v1/payments/stripe/webhook", "{}"),
    ("POST /stripe/webhook", "{}"),
    ("POST /v1/admin/subscriptions", SUBSCRIPTION),
    ("PATCH /v1/admin/subscriptions/{subscription_id}", r#"{"status":"PAUSED"}"#),
    ("POST /v1/admin/service-types", r#"{"name":"s {n}"}"#),
    ("PATCH /v1/admin/service-types/{service_type_id}", r#"{"name":"s {n}"}"#),
    ("POST /v1/admin/service-types/{service_type_id}/addons", r#"{"name":"a {n}"}"#),
    ("PATCH /v1/admin/service-addons/{service_addon_id}", r#"{"name":"a {n}"}"#),
    ("POST /v1/admin/addons", r#"{"code":"a-{n}","name":"a"}"#),
    ("PATCH /v1/admin/addons/{addon_id}", r#"{"name":"a {n}"}"#),
    ("PATCH /v1/admin/pricing-settings", r#"{"gst_rate":0.05}"#),
    ("PATCH /v1/admin/booking-policies", r#"{"reschedule":{"max_reschedules":2}}"#),
    ("PATCH /v1/admin/settings/features", r#"{"overrides":{"module.leads":true}}"#),
    ("PATCH /v1/admin/settings/org", r#"{"legal_name":"{mark}"}"#),
    ("PATCH /v1/admin/users/me/ui_prefs", r#"{"hidden_keys":["{mark}"]}"#),
    ("POST /v1/iam/users", r#"{"email":"u{n}@example.net","role":"viewer"}"#),
    ("POST /v1/iam/users/{user_id}/role", r#"{"role":"viewer"}"#),
    ("PATCH /v1/admin/iam/users/{user_id}/role", r#"{"role":"viewer"}"#),
    ("POST /v1/auth/login", r#"{"email":"{mark}-owner@example.net","password":"Correct-Horse-1"}"#),
    ("POST /v1/auth/2fa/verify", r#"{"code":"123456"}"#),
    ("POST /v1/auth/2fa/disable", r#"{"code":"123456"}"#),
    ("POST /v1/iam/api-tokens", r#"{"name":"t {n}","permissions":["core.view"]}"#),
    ("POST /v1/admin/break-glass/start", r#"{"reason":"r {n}"}"#),
    ("POST /worker/login", r#"{"phone":"780-557-0002","password":"x"}"#),
    ("POST /worker/change-password", r#"{"current_password":"x","new_password":"y"}"#),
    ("POST /worker/jobs/{job_id}/finish", "{}"),
    ("POST /worker/jobs/{job_id}/addons", r#"{"addon_id":"{addon_id}","qty":1}"#),
    ("PATCH /worker/jobs/{job_id}/checklist/items/{run_item_id}", r#"{"note":"n {n}"}"#),
    ("POST /worker/jobs/{job_id}/photos", PHOTO),
    ("POST /client/login/request", r#"{"email":"{mark}@example.net"}"#),
    ("POST /client/login/callback", r#"{"token":"x"}"#),
    ("POST /v1/client/bookings/{booking_id}/reschedule", r#"{"starts_at":"{day}T12:00"}"#),
    ("POST /v1/client/bookings/{booking_id}/cancel", r#"{"reason":"{mark}"}"#),
    ("POST /v1/client/bookings", r#"{"starts_at":"{day}T14:00"}"#),
    ("POST /client/orders/{order_id}/review", r#"{"rating":5,"comment":"{mark}"}"#),
    (
        "POST /client/subscriptions",
        r#"{"frequency":"WEEKLY","start_date":"{soon}","structured_inputs":{"beds":1,"baths":1}}"#,
    ),
    ("PATCH /client/subscriptions/{subscription_id}", r#"{"status":"PAUSED"}"#),
    ("POST /v1/auth/refresh", r#"{"refresh_token":"x"}"#),
    ("POST /v1/auth/change-password", r#"{"current_password":"x","new_password":"y"}"#),
];

/// Routes whose token says everything: what else the address names must be what it says.
pub(super) const BY_TOKEN: &[&str] = &[
    "/v1/orders/{order_id}/photos/{photo_id}/signed-download",
    "/photos/{token}",
    "/i/{token}",
    "/i/{token}/pay",
    "/i/{token}/receipts/{file}",
    "/i/{token}/service-agreement.pdf",
    // Opened by a signature, and closed where nobody pays by card.
    "/v1/payments/stripe/webhook",
    "/stripe/webhook",
];
/// Routes whose answer goes on for as long as somebody listens: whom they tell what is asked in tests of their own.
pub(super) const STREAMS: &[&str] = &["/v1/admin/dispatcher/board/stream"];

/// Fields of bodies that the description does not list, because the route reads its body by hand.
pub(super) const UNLISTED: &[(&str, &[&str])] =
    &[("POST /v1/leads", &["referral_code"]), ("POST /api/leads", &["referral_code"])];

/// Routes that end the session of whoever calls them: nobody of the matrix does, as far as they may.
pub(super) const ENDING: &[&str] =
    &["POST /v1/auth/logout", "POST /worker/logout", "POST /client/logout"];
