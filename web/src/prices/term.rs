//! The terms of bookings one by one: what each is called, and how it is written.

/// How a term is written on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A tick.
    Yes,
    /// Cents there, dollars here.
    Dollars,
    /// A fraction there, percent here.
    Share,
    /// Percent there and here.
    Percent,
    /// A whole number.
    Number,
    /// A whole number, or nothing for no limit.
    Limit,
    /// A number with up to three decimals.
    Decimal,
    /// Some sentences, or none.
    Words,
    /// Words with commas between them.
    List,
    /// Months of the year.
    Months,
    /// Skills, and the certificates that each asks for.
    Certificates,
}

/// One term.
pub(crate) struct Term {
    /// As the API calls it.
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
}

/// Terms about one thing.
pub(crate) struct Section {
    /// As the API calls it.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) terms: &'static [Term],
}

const fn term(name: &'static str, label: &'static str, kind: Kind) -> Term {
    Term { name, label, kind }
}

const NOTES: Term = term("notes", "In words, for whoever reads the terms", Kind::Words);

/// All of them.
pub(crate) static SECTIONS: [Section; 10] = [
    Section {
        name: "deposit",
        title: "Deposits",
        about: "Money in advance, of the price of a visit. Where several shares fit, the greatest counts.",
        terms: &[
            term("enabled", "Ask for deposits", Kind::Yes),
            term("percent", "Usually", Kind::Share),
            term("heavy_percent", "Of a deep clean or a move", Kind::Share),
            term("late_percent", "Less than two days ahead", Kind::Share),
            term("short_notice_percent", "Less than a day ahead", Kind::Share),
            term("high_value_percent", "Of a dear visit", Kind::Share),
            term("high_value_cents", "A visit is dear from", Kind::Dollars),
            term("minimum_cents", "At least", Kind::Dollars),
            term("maximum_cents", "At most", Kind::Dollars),
            term("due_days", "Days to pay it (0: half an hour)", Kind::Number),
            NOTES,
        ],
    },
    Section {
        name: "cancellation",
        title: "Cancelling",
        about: "What is paid back, by how many hours before the visit somebody cancels.",
        terms: &[
            term("free_hours", "All, until hours before", Kind::Number),
            term("window_hours", "In part, until hours before", Kind::Number),
            term("heavy_free_hours", "Deep clean or move: all, until hours before", Kind::Number),
            term(
                "heavy_window_hours",
                "Deep clean or move: in part, until hours before",
                Kind::Number,
            ),
            term("partial_percent", "The part", Kind::Percent),
            term("first_time_percent", "The part on a first visit", Kind::Percent),
            term("high_value_percent", "The part of a dear visit", Kind::Percent),
            term(
                "short_notice_percent",
                "The part of a visit asked for within a day",
                Kind::Percent,
            ),
            term("refund_percent", "Later than that", Kind::Percent),
            term("fee_cents", "Fee later than that", Kind::Dollars),
            NOTES,
        ],
    },
    Section {
        name: "reschedule",
        title: "Moving a visit",
        about: "What clients may do by themselves; staff may always.",
        terms: &[
            term("allowed", "Clients may move visits", Kind::Yes),
            term("notice_hours", "Hours before, at least", Kind::Number),
            term("fee_cents", "Fee", Kind::Dollars),
            term("max_reschedules", "How often", Kind::Number),
            term("reevaluate_deposit", "Decide unpaid deposits anew", Kind::Yes),
        ],
    },
    Section {
        name: "payment_terms",
        title: "Paying invoices",
        about: "What invoices say.",
        terms: &[
            term("due_days", "Days to pay an invoice", Kind::Number),
            term("accepted_methods", "How it can be paid, with commas between", Kind::List),
            NOTES,
        ],
    },
    Section {
        name: "scheduling",
        title: "Times",
        about: "Which times are offered to whoever books by themselves, and what is kept free.",
        terms: &[
            term("slot_duration_minutes", "Minutes from one time to the next", Kind::Number),
            term("buffer_minutes", "Minutes between visits", Kind::Number),
            term("lead_time_hours", "Hours ahead, at least", Kind::Number),
            term("horizon_days", "Days ahead, at most", Kind::Number),
            term(
                "max_bookings_per_day",
                "Visits of a team a day, at most (empty: no limit)",
                Kind::Limit,
            ),
        ],
    },
    Section {
        name: "risk",
        title: "Risk",
        about: "Points of 100 that a booking collects. Medium asks for a deposit, high for a person who confirms.",
        terms: &[
            term("new_client_points", "Nobody has been there yet", Kind::Number),
            term("high_total_points", "A dear visit", Kind::Number),
            term("short_notice_points", "Less than a day ahead", Kind::Number),
            term("area_points", "A part of town with bad experiences", Kind::Number),
            term("cancelled_points", "One visit was cancelled before", Kind::Number),
            term("cancelled_again_points", "More than one: beside", Kind::Number),
            term("medium_from", "Medium from so many points", Kind::Number),
            term("high_from", "High from so many points", Kind::Number),
            term(
                "flagged_prefixes",
                "Beginnings of the postal codes of those parts, with commas between",
                Kind::List,
            ),
        ],
    },
    Section {
        name: "work",
        title: "Work at visits",
        about: "When a visit is done.",
        terms: &[
            term("checklist_required", "Done only with its checklist", Kind::Yes),
            term("finish_completes", "Done when the work is finished", Kind::Yes),
            term("thanks", "Thank customers by mail and ask how it was", Kind::Yes),
            term(
                "overrun_threshold",
                "A reason is asked for from so many times what was planned",
                Kind::Decimal,
            ),
        ],
    },
    Section {
        name: "clients",
        title: "Clients to look at",
        about: "From when on a client gives cause for concern. Points say how likely somebody is leaving.",
        terms: &[
            term("watch_days", "Days that complaints and ratings count", Kind::Number),
            term("many_complaints", "So many complaints are many", Kind::Number),
            term("low_average", "An average is low up to", Kind::Decimal),
            term("low_rating", "A rating is low up to", Kind::Number),
            term("many_low_ratings", "So many low ratings are many", Kind::Number),
            term("late_days", "Days without a visit: 1 point", Kind::Number),
            term("lost_days", "Days without a visit: 3 points", Kind::Number),
            term("late_gap", "Times the usual gap: 1 point", Kind::Decimal),
            term("lost_gap", "Times the usual gap: 2 points", Kind::Decimal),
            term("medium_from", "May be leaving from so many points", Kind::Number),
            term("high_from", "Most likely leaving from so many points", Kind::Number),
        ],
    },
    Section {
        name: "workers",
        title: "Workers",
        about: "What an hour costs, when the office is told of somebody, and what they should have shown. A missing certificate refuses nothing.",
        terms: &[
            term("hourly_rate_cents", "An hour of whoever has no rate", Kind::Dollars),
            term("idle_days", "Told after days without a visit", Kind::Number),
            term("long_idle_days", "Pressing after days without a visit", Kind::Number),
            term("latest_ratings", "Latest ratings set against all before", Kind::Number),
            term("rating_drop", "Told if they are worse by stars", Kind::Decimal),
            term(
                "required_certificates",
                "Certificates that skills ask for: a line each, like window_cleaning: Ladder Safety",
                Kind::Certificates,
            ),
        ],
    },
    Section {
        name: "ways",
        title: "Ways between visits",
        about: "What is added to a way as the crow flies.",
        terms: &[
            term("winter_multiplier", "In winter, times as long", Kind::Decimal),
            term("winter_minutes", "Minutes in winter beside", Kind::Number),
            term("downtown_minutes", "Minutes for parking downtown", Kind::Number),
            term("winter_months", "Months of winter", Kind::Months),
        ],
    },
];

/// The term at a path like `deposit.percent`, and the section it stands in.
pub(crate) fn at(path: &str) -> Option<(&'static Section, &'static Term)> {
    let (section, name) = path.split_once('.')?;
    let section = SECTIONS.iter().find(|one| one.name == section)?;
    Some((section, section.terms.iter().find(|one| one.name == name)?))
}
