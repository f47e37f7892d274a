//! Which certificates those on a page should have and have not. Names of certificates are personal, so no list keeps them:
//! they are read from the files of whoever can do something that asks for one.

use std::collections::HashMap;

use domain::id::{OrgId, WorkerId};
use domain::people::compliance::{Gap, gaps};
use domain::people::worker::Worker;
use projections::people::worker_list::Row;
use uuid::Uuid;

use crate::problem::Problem;
use crate::state::App;

/// What is missing of each; whoever lacks nothing is left out.
pub(crate) async fn of_rows(
    app: &App,
    org: OrgId,
    rows: &[&Row],
) -> Result<HashMap<Uuid, Vec<Gap>>, Problem> {
    let (holds, today) = (app.prices.of(app, org).await?, app.today(org).await?);
    let policy = &holds.book.policies.workers;
    let mut all = HashMap::new();
    for row in rows {
        if !row.skills.iter().any(|skill| policy.required_certificates.contains_key(skill)) {
            continue;
        }
        let id = WorkerId::from(row.worker_id);
        let found = app.bus.load::<Worker>(org, &id.to_string()).await?;
        let Some(worker) = found.state.details() else { continue };
        let gaps = gaps(&worker.file, policy, today);
        if !gaps.is_empty() {
            all.insert(row.worker_id, gaps);
        }
    }
    Ok(all)
}
