//! Leads: intake for anybody, everything else for staff.

mod changes;
mod detail;
mod intake;
mod list;
mod past;
mod public;
mod quotes;

use domain::access::Permission;
use utoipa_axum::router::OpenApiRouter;

use crate::caller::Caller;
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(public::routes())
        .merge(list::routes())
        .merge(detail::routes())
        .merge(changes::routes())
        .merge(quotes::routes())
}

fn may_read(caller: &Caller) -> Result<(), Problem> {
    caller.require_either(Permission::ContactsView, Permission::LeadsView)
}

fn may_change(caller: &Caller) -> Result<(), Problem> {
    caller.require_either(Permission::ContactsEdit, Permission::LeadsManage)
}
