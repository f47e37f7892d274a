//! What people ask: how often, of whom, and in which words.
//!
//! In paths and bodies `{lead}` is one of the leads there are, and so on for every sort of thing; `{time}` is a moment in the
//! weeks around now, on the half hour, `{hour}` one of opening hours in the days ahead, `{date}` a day ahead, `{past}` one of the last sixty,
//! `{month}` the month of one lately, `{n}` a number
//! never used before, `{few}` a small number and `{cents}` an amount.

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Anyone,
    Dispatcher,
    Owner,
    /// Somebody who may only look.
    Viewer,
    /// Something happens at Stripe; the request names what.
    Stripe,
}

/// Something that is asked.
pub(super) struct Act {
    /// How often, beside the others.
    pub(super) weight: u32,
    pub(super) caller: Caller,
    /// Method and path.
    pub(super) request: &'static str,
    /// Empty for none.
    pub(super) body: &'static str,
    /// What it makes: the sort of thing, and the field of the answer that is its id.
    pub(super) makes: Option<(&'static str, &'static str)>,
    /// What is made belongs to something else, and is named with it: where its own route begins, and what that is called there.
    pub(super) below: Option<(&'static str, &'static str)>,
}

const fn act(weight: u32, caller: Caller, request: &'static str, body: &'static str) -> Act {
    Act { weight, caller, request, body, makes: None, below: None }
}

impl Act {
    const fn makes(mut self, sort: &'static str, field: &'static str) -> Self {
        self.makes = Some((sort, field));
        self
    }

    const fn below(mut self, prefix: &'static str, name: &'static str) -> Self {
        self.below = Some((prefix, name));
        self
    }
}

/// What there is on the first day.
pub(super) const FIRST: [&str; 8] = [
    "POST /v1/admin/teams",
    "POST /v1/admin/teams",
    "POST /v1/admin/workers",
    "POST /v1/admin/workers",
    "POST /v1/admin/clients",
    "POST /v1/leads",
    "POST /v1/admin/checklists/templates",
    "POST /v1/admin/finance/expense-categories",
];

use Caller::{Anyone, Dispatcher, Owner, Stripe, Viewer};

const FORM: &str = r#"{"name":"Ana {n}","phone":"780-555-{n}","address":"{n} Elm Street","email":"a{n}@example.net",
    "preferred_dates":["Mon"],"structured_inputs":{"beds":{few},"baths":1,"cleaning_type":"deep"},"estimate_snapshot":{}}"#;
const VISIT: &str = r#"{"team_id":"{team}","client_id":"{client}","starts_at":"{hour}","duration_minutes":120,
    "price_cents":{cents},"address_text":"{n} Elm Street"}"#;
const CREWED: &str = r#"{"team_id":"{team}","client_id":"{client}","starts_at":"{hour}","duration_minutes":90,
    "crew":["{worker}"],"address_text":"{n} Elm Street"}"#;

const INVOICE: &str = r#"{"client_id":"{client}","notes":"{n}","items":[
    {"description":"Clean","qty":{few},"unit_price_cents":{cents},"tax_rate":0.05}]}"#;
const ORDER: &str = r#"{"items":[{"description":"Clean","qty":1,"unit_price_cents":{cents}}]}"#;
const BESIDE: &str = r#"{"allow_additional":true,"items":[{"description":"More","qty":1,"unit_price_cents":{cents}}]}"#;

const PAID: &str = r#"{"occurred_on":"{past}","category_id":"{category}","description":"Soap {n}","amount_cents":{cents},
    "tax_cents":{few},"payment_method":"cash"}"#;
const UNPAID: &str = r#"{"occurred_on":"{past}","category_id":"{category}","description":"Van {n}","amount_cents":{cents},
    "tax_cents":{few}}"#;

pub(super) const ACTS: &[Act] = &[
    // People who ask for an offer, and what becomes of them.
    act(10, Anyone, "POST /v1/leads", FORM).makes("lead", "lead_id"),
    act(1, Anyone, "POST /v1/leads", r#"{"name":"","phone":"x","preferred_dates":[]}"#),
    act(3, Dispatcher, "POST /v1/admin/leads/{lead}/status", r#"{"status":"CONTACTED"}"#),
    act(2, Dispatcher, "POST /v1/admin/leads/{lead}/status", r#"{"status":"WON"}"#),
    act(2, Dispatcher, "POST /v1/admin/leads/{lead}/status", r#"{"status":"LOST","loss_reason":"Moved away"}"#),
    act(5, Dispatcher, "POST /v1/admin/leads/{lead}/quotes", r#"{"amount":{few}00}"#).makes("offer", "quote_id").below("/v1/admin/leads/", "quotes"),
    act(1, Dispatcher, "POST /v1/admin/leads/{lead}/quotes", r#"{"amount":-3}"#),
    act(4, Dispatcher, "POST /v1/admin/leads/{offer}/send", ""),
    act(2, Dispatcher, "POST /v1/admin/leads/{offer}/accept", ""),
    act(1, Dispatcher, "POST /v1/admin/leads/{offer}/decline", ""),
    act(1, Owner, "POST /v1/admin/subjects/{lead}/erase", r#"{"reason":"asked"}"#),
    // Who works here, and who is cleaned for.
    act(2, Owner, "POST /v1/admin/teams", r#"{"name":"Team {n}"}"#).makes("team", "team_id"),
    act(1, Owner, "POST /v1/admin/teams", r#"{"name":"Team 1"}"#),
    act(1, Owner, "PATCH /v1/admin/teams/{team}", r#"{"zones":["West {n}"]}"#),
    act(1, Owner, "POST /v1/admin/teams/{team}/archive", ""),
    act(1, Owner, "POST /v1/admin/teams/{team}/unarchive", ""),
    act(3, Owner, "POST /v1/admin/workers", r#"{"name":"Wen {n}","phone":"780-556-{n}","team_id":"{team}"}"#)
        .makes("worker", "worker_id"),
    act(1, Owner, "PATCH /v1/admin/workers/{worker}", r#"{"name":"Wen {n}"}"#),
    act(1, Owner, "POST /v1/admin/workers/{worker}/archive", ""),
    act(1, Owner, "POST /v1/admin/workers/{worker}/unarchive", ""),
    act(5, Owner, "POST /v1/admin/clients", r#"{"name":"Sam {n}","email":"s{n}@example.net"}"#)
        .makes("client", "client_id"),
    act(1, Owner, "POST /v1/admin/clients", r#"{"name":"Sam","email":"not an address"}"#),
    act(1, Owner, "PATCH /v1/admin/clients/{client}", r#"{"phone":"780-557-{n}"}"#),
    act(1, Owner, "POST /v1/admin/clients/{client}/block", r#"{"reason":"Never paid"}"#),
    act(1, Owner, "POST /v1/admin/clients/{client}/unblock", ""),
    act(1, Owner, "POST /v1/admin/subjects/{client}/erase", r#"{"reason":"asked"}"#),
    // When nobody comes.
    act(2, Owner, "POST /v1/admin/working-hours",
        r#"{"team_id":"{team}","day_of_week":{few},"start_time":"08:00","end_time":"19:00"}"#),
    act(1, Owner, "POST /v1/admin/working-hours",
        r#"{"team_id":"{team}","day_of_week":2,"start_time":"19:00","end_time":"08:00"}"#),
    act(2, Owner, "POST /v1/admin/availability-blocks",
        r#"{"scope_type":"team","scope_id":"{team}","block_type":"training","starts_at":"{date}T09:00","ends_at":"{date}T12:00"}"#)
        .makes("block", "block_id"),
    act(1, Owner, "DELETE /v1/admin/availability-blocks/{block}", ""),
    // Visits.
    act(14, Dispatcher, "POST /v1/admin/schedule/quick-create", VISIT).makes("booking", "booking_id"),
    act(8, Dispatcher, "POST /v1/admin/schedule/quick-create", CREWED).makes("booking", "booking_id"),
    act(2, Viewer, "POST /v1/admin/schedule/quick-create", VISIT),
    act(8, Anyone, "POST /v1/bookings",
        r#"{"lead_id":"{lead}","starts_at":"{hour}","time_on_site_hours":{few},"service_type":"deep"}"#)
        .makes("booking", "booking_id"),
    act(2, Anyone, "POST /v1/bookings", r#"{"lead_id":"{lead}","starts_at":"{time}","time_on_site_hours":0}"#),
    act(12, Dispatcher, "POST /v1/admin/bookings/{booking}/confirm", ""),
    act(5, Owner, "POST /v1/admin/bookings/{booking}/deposit", r#"{"amount_cents":{cents},"reference":"ET-{n}"}"#)
        .makes("taken", "booking_id"),
    act(2, Owner, "POST /v1/admin/bookings/{taken}/deposit/return", "{}"),
    act(2, Owner, "POST /v1/admin/bookings/{taken}/deposit/return", r#"{"amount_cents":{cents}}"#),
    act(6, Dispatcher, "POST /v1/admin/bookings/{booking}/reschedule", r#"{"starts_at":"{hour}"}"#),
    act(4, Dispatcher, "POST /v1/admin/schedule/{booking}/move", r#"{"starts_at":"{time}","team_id":"{team}"}"#),
    act(4, Dispatcher, "PATCH /v1/admin/bookings/{booking}", r#"{"worker_id":"{worker}"}"#),
    act(2, Dispatcher, "PATCH /v1/admin/bookings/{booking}", r#"{"worker_id":null}"#),
    act(5, Dispatcher, "POST /v1/admin/bookings/{booking}/cancel", r#"{"reason":"Not at home"}"#),
    act(1, Dispatcher, "POST /v1/admin/bookings/{booking}/cancel", "{}"),
    act(6, Dispatcher, "POST /v1/admin/bookings/{booking}/complete", r#"{"actual_duration_minutes":{few}5}"#),
    act(1, Dispatcher, "POST /v1/admin/bookings/{booking}/complete", r#"{"actual_duration_minutes":0}"#),
    act(2, Owner, "POST /v1/admin/bookings/{booking}/overrides",
        r#"{"what":"deposit","amount_cents":{cents},"reason":"Known for years"}"#),
    act(1, Owner, "POST /v1/admin/bookings/{booking}/overrides", r#"{"what":"deposit","amount_cents":-1,"reason":""}"#),
    act(2, Dispatcher, "POST /v1/admin/bookings/{booking}/archive", ""),
    act(1, Dispatcher, "POST /v1/admin/bookings/{booking}/unarchive", ""),
    // On site.
    act(6, Dispatcher, "POST /v1/orders/{booking}/time/start", ""),
    act(3, Dispatcher, "POST /v1/orders/{booking}/time/pause", ""),
    act(3, Dispatcher, "POST /v1/orders/{booking}/time/resume", ""),
    act(5, Dispatcher, "POST /v1/orders/{booking}/time/finish", "{}"),
    act(2, Dispatcher, "POST /v1/orders/{booking}/reasons", r#"{"kind":"TIME_OVERRUN","code":"EXTRA_DIRT"}"#),
    act(1, Dispatcher, "POST /v1/orders/{booking}/reasons", r#"{"kind":"TIME_OVERRUN","code":"DAMAGE_RISK"}"#),
    act(2, Dispatcher, "PATCH /v1/orders/{booking}/consent_photos", r#"{"consent_photos":true}"#),
    act(2, Owner, "POST /v1/admin/checklists/templates",
        r#"{"name":"List {n}","items":[{"label":"Floor","phase":"AFTER","required":true}]}"#).makes("template", "template_id"),
    act(3, Dispatcher, "POST /v1/orders/{booking}/checklist/init", "{}").makes("item", "/items/0/run_item_id").below("/v1/orders/", "items"),
    act(3, Dispatcher, "PATCH /v1/orders/{item}", r#"{"checked":true}"#),
    act(2, Dispatcher, "POST /v1/orders/{booking}/checklist/complete", ""),
    // Again and again.
    act(3, Owner, "POST /v1/admin/subscriptions",
        r#"{"client_id":"{client}","frequency":"WEEKLY","start_date":"{date}","structured_inputs":{"beds":{few},"baths":1}}"#)
        .makes("subscription", "subscription_id"),
    act(2, Owner, "PATCH /v1/admin/subscriptions/{subscription}", r#"{"status":"PAUSED"}"#),
    act(2, Owner, "PATCH /v1/admin/subscriptions/{subscription}", r#"{"status":"ACTIVE"}"#),
    act(1, Owner, "PATCH /v1/admin/subscriptions/{subscription}", r#"{"status":"CANCELED"}"#),
    // Money: what is charged, what comes in, what goes back.
    act(8, Owner, "POST /v1/admin/invoices", INVOICE).makes("invoice", "invoice_id"),
    act(1, Owner, "POST /v1/admin/invoices", r#"{"client_id":"{client}","items":[]}"#),
    act(2, Viewer, "POST /v1/admin/invoices", INVOICE),
    act(8, Owner, "POST /v1/admin/orders/{booking}/invoice", ORDER).makes("invoice", "invoice_id"),
    act(3, Owner, "POST /v1/admin/orders/{booking}/invoice", BESIDE).makes("invoice", "invoice_id"),
    act(8, Owner, "POST /v1/orders/{booking}/reasons", r#"{"kind":"PRICE_ADJUST","code":"EXTRA_SERVICE"}"#),
    act(3, Owner, "PATCH /v1/admin/invoices/{invoice}",
        r#"{"items":[{"description":"Windows","qty":{few},"unit_price_cents":{cents},"tax_rate":0.05}]}"#),
    act(1, Owner, "PATCH /v1/admin/invoices/{invoice}", r#"{"due_date":"1999-01-01"}"#),
    act(8, Owner, "POST /v1/admin/invoices/{invoice}/send", "{}").makes("link", "/public_link"),
    // By card: checkouts of invoices, and of deposits of whoever books by themselves.
    act(14, Anyone, "POST /i/{link}/pay", "{}"),
    act(5, Stripe, "pay", ""),
    act(4, Stripe, "refund", ""),
    act(4, Stripe, "dispute", ""),
    act(4, Stripe, "verdict", ""),
    act(2, Owner, "POST /v1/admin/invoices/{invoice}/remind", "{}"),
    act(2, Owner, "POST /v1/admin/invoices/{invoice}/links", "{}"),
    act(8, Owner, "POST /v1/admin/invoices/{invoice}/record-payment", r#"{"amount_cents":{cents},"method":"cash"}"#)
        .makes("payment", "/payment/payment_id").below("/v1/admin/invoices/", "payments"),
    act(3, Owner, "POST /v1/admin/invoices/bulk/mark_paid", r#"{"invoice_ids":["{invoice}"],"method":"etransfer"}"#),
    act(1, Owner, "POST /v1/admin/invoices/{invoice}/record-payment", r#"{"amount_cents":0,"method":"cash"}"#),
    act(3, Owner, "POST /v1/admin/invoices/{payment}/refund", r#"{"amount_cents":{cents}}"#),
    act(2, Owner, "POST /v1/admin/invoices/{payment}/refund", "{}"),
    act(3, Owner, "POST /v1/admin/invoices/{invoice}/credit-notes", r#"{"amount_cents":{cents},"reason":"A stain"}"#),
    act(3, Owner, "POST /v1/admin/invoices/{invoice}/void", r#"{"reason":"Twice"}"#),
    act(2, Owner, "DELETE /v1/admin/invoices/{invoice}", ""),
    act(4, Owner, "POST /v1/admin/disputes", r#"{"invoice_id":"{invoice}","reason":"A stain"}"#)
        .makes("dispute", "dispute_id"),
    act(2, Owner, "POST /v1/admin/disputes", r#"{"booking_id":"{booking}","reason":"A vase"}"#)
        .makes("dispute", "dispute_id"),
    act(6, Owner, "POST /v1/admin/disputes/{dispute}/facts", r#"{"photo_refs":["p{n}"]}"#),
    act(2, Owner, "POST /v1/admin/disputes/{dispute}/decide", r#"{"decision":"no_refund"}"#),
    act(3, Owner, "POST /v1/admin/disputes/{dispute}/decide", r#"{"decision":"partial_refund","amount_cents":{cents}}"#),
    act(2, Owner, "POST /v1/admin/disputes/{dispute}/decide", r#"{"decision":"full_refund"}"#),
    act(2, Owner, "POST /v1/admin/disputes/{dispute}/decide", r#"{"decision":"credit_note","amount_cents":{cents}}"#),
    act(2, Owner, "POST /v1/admin/disputes/{dispute}/close", "{}"),
    // What is spent, what the tax office gets, and months whose books are closed.
    act(1, Owner, "POST /v1/admin/finance/expense-categories", r#"{"name":"Costs {n}"}"#).makes("category", "category_id"),
    act(5, Owner, "POST /v1/admin/finance/expenses", PAID).makes("expense", "expense_id"),
    act(3, Owner, "POST /v1/admin/finance/expenses", UNPAID).makes("expense", "expense_id"),
    act(1, Viewer, "POST /v1/admin/finance/expenses", PAID),
    act(2, Owner, "PATCH /v1/admin/finance/expenses/{expense}", r#"{"amount_cents":{cents},"occurred_on":"{past}"}"#),
    act(2, Owner, "PATCH /v1/admin/finance/expenses/{expense}", r#"{"payment_method":"card"}"#),
    act(1, Owner, "PATCH /v1/admin/finance/expenses/{expense}", r#"{"payment_method":null,"tax_cents":{few}}"#),
    act(1, Owner, "PATCH /v1/admin/finance/expenses/{expense}", r#"{"amount_cents":-1}"#),
    act(3, Owner, "POST /v1/admin/finance/expenses/{expense}/pay", r#"{"payment_method":"etransfer"}"#),
    act(1, Owner, "POST /v1/admin/finance/expenses/{expense}/pay", r#"{"payment_method":"card","paid_on":"{past}"}"#),
    act(2, Owner, "DELETE /v1/admin/finance/expenses/{expense}", ""),
    act(2, Owner, "POST /v1/admin/finance/taxes/instalments",
        r#"{"tax_type":"GST","due_on":"{date}","amount_cents":{cents}}"#).makes("instalment", "instalment_id"),
    act(2, Owner, "PATCH /v1/admin/finance/taxes/instalments/{instalment}", r#"{"paid_on":"{past}"}"#),
    act(1, Owner, "PATCH /v1/admin/finance/taxes/instalments/{instalment}", r#"{"paid_on":null}"#),
    act(1, Owner, "PATCH /v1/admin/finance/taxes/instalments/{instalment}", r#"{"amount_cents":{cents}}"#),
    act(1, Owner, "POST /v1/admin/finance/taxes/instalments/{instalment}/cancel", ""),
    act(2, Owner, "POST /v1/admin/finance/periods/{month}/close", "{}"),
    act(2, Owner, "POST /v1/admin/finance/periods/{month}/reopen", "{}"),
    // What it costs and on which terms.
    act(1, Owner, "POST /v1/admin/service-types", r#"{"name":"Service {n}","base_price_cents":{cents}}"#),
    act(1, Owner, "PATCH /v1/admin/pricing-settings", r#"{"gst_rate":0.0{few}}"#),
    act(1, Owner, "PATCH /v1/admin/pricing-settings", r#"{"gst_rate":7}"#),
    act(1, Owner, "PATCH /v1/admin/booking-policies", r#"{"reschedule":{"max_reschedules":{few}}}"#),
    act(1, Owner, "PATCH /v1/admin/settings/org", r#"{"legal_name":"Year {n}"}"#),
];
