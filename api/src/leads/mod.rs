//! Leads: intake for anybody, everything else for staff.

mod changes;
mod detail;
mod intake;
mod list;
mod past;
mod public;
mod quotes;

use domain::access::Permission;

use crate::route::Routes;

/// Contacts and leads are one screen: either right opens it.
const READ: &[Permission] = &[Permission::LeadsView, Permission::ContactsView];
const CHANGE: &[Permission] = &[Permission::LeadsManage, Permission::ContactsEdit];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(public::routes())
        .merge(list::routes())
        .merge(detail::routes())
        .merge(changes::routes())
        .merge(quotes::routes())
}
