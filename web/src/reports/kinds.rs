//! The reports there are: where the API has them, who may see them, and what is shown of each.

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Count,
    Money,
    /// Of 1, shown in percent.
    Share,
    /// Shares one after the other.
    Shares,
}

impl Shape {
    pub(super) fn is_number(self) -> bool {
        self != Self::Text
    }
}

/// One column: the field of a row, what it is called, and how it is written.
pub(super) type Column = (&'static str, &'static str, Shape);

/// Where the rows of a report are in its answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows {
    /// A list under that name.
    List(&'static str),
    /// Figures, each at its place and with a name.
    Figures(&'static [Column]),
}

/// One report.
#[derive(Debug)]
pub(super) struct Kind {
    /// Of its file, and of its place on the page.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) path: &'static [&'static str],
    pub(super) permissions: &'static [&'static str],
    /// What the page is asked for that this report takes, and what it is called there.
    takes: &'static [(&'static str, &'static str)],
    /// What is asked for whatever the page is asked for.
    pub(super) always: &'static [(&'static str, &'static str)],
    pub(super) rows: Rows,
    pub(super) columns: &'static [Column],
    /// The columns that name a bar and say how long it is.
    pub(super) bars: Option<(&'static str, &'static str)>,
}

impl Kind {
    /// What this report calls what the page calls `name`, if it takes it.
    pub(super) fn parameter(&self, name: &str) -> Option<&'static str> {
        self.takes.iter().find(|(of_page, _)| *of_page == name).map(|(_, own)| *own)
    }
}

const RANGE: &[(&str, &str)] = &[("from", "from"), ("to", "to"), ("as_of", "as_of")];
const PERIODS: &[(&str, &str)] =
    &[("from", "from"), ("to", "to"), ("by", "by"), ("as_of", "as_of")];
const DAY: &[(&str, &str)] = &[("to", "day"), ("as_of", "as_of")];
const MONEY: &[&str] = &["finance.view"];
const TIME: &[&str] = &["finance.view", "reports.view"];
const ADMIN: &[&str] = &["admin.manage"];

use Shape::{Count, Money, Share, Shares, Text};

/// In the order of the page.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "revenue",
        title: "Revenue",
        path: &["v1", "admin", "reports", "revenue"],
        permissions: MONEY,
        takes: PERIODS,
        always: &[],
        rows: Rows::List("items"),
        columns: &[
            ("period", "From", Text),
            ("currency", "Currency", Text),
            ("invoiced_cents", "Invoiced", Money),
            ("credited_cents", "Credited", Money),
            ("received_cents", "Received", Money),
            ("refunded_cents", "Paid back", Money),
            ("net_received_cents", "Left", Money),
        ],
        bars: Some(("period", "received_cents")),
    },
    Kind {
        name: "receivables",
        title: "Still to be paid",
        path: &["v1", "admin", "reports", "receivables"],
        permissions: MONEY,
        takes: DAY,
        always: &[("limit", "50")],
        rows: Rows::List("items"),
        columns: &[
            ("customer", "Client", Text),
            ("invoices", "Invoices", Count),
            ("current_cents", "Not due", Money),
            ("days_1_30_cents", "1–30 days", Money),
            ("days_31_60_cents", "31–60", Money),
            ("days_61_90_cents", "61–90", Money),
            ("days_over_90_cents", "Over 90", Money),
            ("total_cents", "Total", Money),
        ],
        bars: None,
    },
    Kind {
        name: "teams",
        title: "Time of teams",
        path: &["v1", "admin", "reports", "utilisation"],
        permissions: TIME,
        takes: RANGE,
        always: &[("group", "team")],
        rows: Rows::List("items"),
        columns: &[
            ("team", "Team", Text),
            ("available_minutes", "Minutes open", Count),
            ("booked_minutes", "Booked", Count),
            ("worked_minutes", "Worked", Count),
            ("visits", "Visits", Count),
            ("booked_share", "Booked share", Share),
            ("worked_share", "Worked share", Share),
        ],
        bars: Some(("team", "booked_minutes")),
    },
    Kind {
        name: "workers",
        title: "Time of workers",
        path: &["v1", "admin", "reports", "utilisation"],
        permissions: TIME,
        takes: RANGE,
        always: &[("group", "worker")],
        rows: Rows::List("items"),
        columns: &[
            ("worker", "Worker", Text),
            ("available_minutes", "Minutes open", Count),
            ("booked_minutes", "Booked", Count),
            ("worked_minutes", "Worked", Count),
            ("visits", "Visits", Count),
            ("booked_share", "Booked share", Share),
            ("worked_share", "Worked share", Share),
        ],
        bars: None,
    },
    Kind {
        name: "funnel",
        title: "From request to review",
        path: &["v1", "admin", "analytics", "funnel"],
        permissions: MONEY,
        takes: RANGE,
        always: &[],
        rows: Rows::Figures(&[
            ("/inquiries", "Requests", Count),
            ("/quotes", "Offers", Count),
            ("/bookings_created", "Visits asked for", Count),
            ("/bookings_completed", "Visits done", Count),
            ("/reviews", "Reviews", Count),
            ("/conversion_rates/inquiry_to_quote", "Offers by requests", Share),
            ("/conversion_rates/quote_to_booking", "Visits by offers", Share),
            ("/conversion_rates/booking_to_completion", "Done by asked for", Share),
            ("/conversion_rates/completion_to_review", "Reviews by done", Share),
        ]),
        columns: &[("figure", "Step", Text), ("value", "How many", Count)],
        bars: None,
    },
    Kind {
        name: "paths",
        title: "Where requests come from",
        path: &["v1", "admin", "analytics", "attribution", "paths"],
        permissions: MONEY,
        takes: RANGE,
        always: &[("limit", "20")],
        rows: Rows::List("items"),
        columns: &[("path", "By way of", Text), ("lead_count", "Requests", Count)],
        bars: Some(("path", "lead_count")),
    },
    Kind {
        name: "cohorts",
        title: "Who comes back",
        path: &["v1", "admin", "analytics", "cohorts"],
        permissions: MONEY,
        takes: RANGE,
        always: &[],
        rows: Rows::List("items"),
        columns: &[
            ("cohort", "First visit", Text),
            ("customers", "Customers", Count),
            ("repeat_customers", "Came again", Count),
            ("repeat_rate", "Share", Share),
        ],
        bars: None,
    },
    Kind {
        name: "retention",
        title: "Month by month",
        path: &["v1", "admin", "analytics", "clients", "retention"],
        permissions: MONEY,
        takes: DAY,
        always: &[("months", "6")],
        rows: Rows::List("items"),
        columns: &[
            ("cohort", "First visit", Text),
            ("customers", "Customers", Count),
            ("retained", "Had a visit again, by month", Shares),
        ],
        bars: None,
    },
    Kind {
        name: "clients",
        title: "Who paid most",
        path: &["v1", "admin", "analytics", "clients", "clv"],
        permissions: MONEY,
        takes: RANGE,
        always: &[("limit", "10")],
        rows: Rows::List("top"),
        columns: &[("client", "Client", Text), ("paid_cents", "Paid", Money)],
        bars: Some(("client", "paid_cents")),
    },
    Kind {
        name: "areas",
        title: "Areas",
        path: &["v1", "admin", "analytics", "geo"],
        permissions: MONEY,
        takes: RANGE,
        always: &[("limit", "20")],
        rows: Rows::List("by_area"),
        columns: &[
            ("area", "Area", Text),
            ("bookings", "Visits", Count),
            ("booked_revenue_cents", "Booked", Money),
            ("average_cents", "Average", Money),
        ],
        bars: Some(("area", "booked_revenue_cents")),
    },
    Kind {
        name: "addons",
        title: "Extras",
        path: &["v1", "admin", "reports", "addons"],
        permissions: ADMIN,
        takes: RANGE,
        always: &[],
        rows: Rows::List("items"),
        columns: &[
            ("addon", "Extra", Text),
            ("total_qty", "How many", Count),
            ("revenue_cents", "For", Money),
        ],
        bars: None,
    },
    Kind {
        name: "metrics",
        title: "In short",
        path: &["v1", "admin", "metrics"],
        permissions: ADMIN,
        takes: RANGE,
        always: &[],
        rows: Rows::Figures(&[
            ("/average_estimated_revenue_cents", "Average estimate", Money),
            ("/duration_accuracy/estimated_minutes", "Minutes planned for a visit", Count),
            ("/duration_accuracy/actual_minutes", "Minutes a visit took", Count),
            ("/financial/revenue_cents", "Earned by visits that are done", Money),
            ("/financial/margin_cents", "Less estimated labour", Money),
            ("/financial/average_order_cents", "Average visit", Money),
            ("/operational/cancellation_rate", "Cancelled", Share),
            ("/operational/retention/days_30", "Came again within 30 days", Share),
            ("/operational/retention/days_90", "Came again within 90 days", Share),
        ]),
        columns: &[("figure", "Figure", Text), ("value", "Value", Count)],
        bars: None,
    },
];
