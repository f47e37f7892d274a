//! Where staff can go: a few parts, each with its pages.

use crate::session::Session;

/// Where a day begins, whoever signs in.
pub(crate) const HOME: &str = "/dashboard";

/// Pages that belong together.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pages: &'static [Page],
}

/// One way in.
pub(crate) struct Page {
    /// What pages behind it call themselves.
    pub(crate) section: &'static str,
    pub(crate) address: &'static str,
    pub(crate) name: &'static str,
    /// One of these is needed to see anything there; none if whoever is signed in sees something.
    needs: &'static [&'static str],
}

const fn page(section: &'static str, address: &'static str, name: &'static str) -> Page {
    Page { section, address, name, needs: &[] }
}

impl Page {
    const fn needs(mut self, permissions: &'static [&'static str]) -> Self {
        self.needs = permissions;
        self
    }

    fn is_open_to(&self, session: &Session) -> bool {
        self.needs.is_empty() || session.may(self.needs)
    }
}

impl Part {
    /// The pages that are of use to somebody.
    pub(crate) fn pages(&self, session: &Session) -> impl Iterator<Item = &'static Page> {
        self.pages.iter().filter(|page| page.is_open_to(session))
    }

    /// Where the part begins; nowhere for somebody to whom nothing of it is open.
    pub(crate) fn address(&self, session: &Session) -> Option<&'static str> {
        self.pages(session).next().map(|page| page.address)
    }

    /// Whether a page of this section is one of its pages.
    pub(crate) fn has(&self, section: &str) -> bool {
        self.pages.iter().any(|page| page.section == section)
    }
}

/// All of it, in the order of a day at work.
pub(crate) static PARTS: [Part; 6] = [
    Part { name: "Today", pages: &[page("dashboard", HOME, "Today")] },
    Part {
        name: "Schedule",
        pages: &[
            page("dispatch", "/dispatch", "Dispatch").needs(&["bookings.assign"]),
            page("bookings", "/bookings", "Visits").needs(&["bookings.view"]),
            page("board", "/board", "Board").needs(&["bookings.view"]),
            page("subscriptions", "/subscriptions", "Subscriptions").needs(&["bookings.view"]),
            page("days-off", "/days-off", "Days off").needs(&["bookings.view"]),
        ],
    },
    Part {
        name: "People",
        pages: &[
            page("leads", "/leads", "Leads").needs(&["leads.view", "contacts.view"]),
            page("clients", "/clients", "Clients").needs(&["contacts.view"]),
            page("workers", "/workers", "Workers").needs(&["bookings.assign"]),
            page("teams", "/teams", "Teams").needs(&["core.view"]),
        ],
    },
    Part {
        name: "Money",
        pages: &[
            page("invoices", "/invoices", "Invoices").needs(&["invoices.view"]),
            page("prices", "/prices", "Prices").needs(&["core.view"]),
            page("disputes", "/disputes", "Disputes").needs(&["invoices.view"]),
            page("finance", "/finance", "Books").needs(&["finance.view"]),
            page("reports", "/reports", "Reports").needs(&[
                "finance.view",
                "reports.view",
                "admin.manage",
            ]),
        ],
    },
    Part {
        name: "History",
        pages: &[
            page("effects", "/effects", "Outgoing").needs(&["admin.manage"]),
            page("events", "/events", "Log").needs(&["admin.manage"]),
            page("audit", "/audit", "Audit").needs(&["admin.manage"]),
            page("checkpoints", "/checkpoints", "Checkpoints").needs(&["admin.manage"]),
        ],
    },
    Part { name: "Settings", pages: &[page("settings", "/settings", "Settings")] },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tokio::time::Instant;

    use super::*;
    use crate::session::tests::session;

    fn somebody(permissions: &[&str]) -> Session {
        let permissions = permissions.iter().map(|&one| one.to_owned()).collect();
        Session { permissions, ..session(Instant::now()) }
    }

    #[test]
    fn each_sees_the_pages_that_answer_them() {
        let pages = |permissions: &[&str]| {
            let session = somebody(permissions);
            PARTS.iter().flat_map(|part| part.pages(&session)).map(|page| page.name).collect()
        };
        let seen: Vec<_> = pages(&["bookings.view", "invoices.view", "finance.view"]);
        let books = ["Invoices", "Disputes", "Books", "Reports"];
        let visits = ["Visits", "Board", "Subscriptions", "Days off"];
        assert_eq!(seen, [&["Today"], &visits[..], &books, &["Settings"]].concat());
        let core: Vec<_> = pages(&["core.view"]);
        assert_eq!(core, ["Today", "Teams", "Prices", "Settings"]);
        let nothing: Vec<_> = pages(&[]);
        assert_eq!(nothing, ["Today", "Settings"]);
        let people = &PARTS[2];
        assert_eq!(people.address(&somebody(&["bookings.assign"])), Some("/workers"));
        assert_eq!(people.address(&somebody(&[])), None);
    }

    #[test]
    fn every_section_is_in_one_part() {
        let sections: Vec<_> =
            PARTS.iter().flat_map(|part| part.pages).map(|page| page.section).collect();
        let different: BTreeSet<_> = sections.iter().collect();
        assert_eq!(different.len(), sections.len());
        for section in sections {
            assert_eq!(PARTS.iter().filter(|part| part.has(section)).count(), 1, "{section}");
        }
    }
}
