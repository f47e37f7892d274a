//! `GET /v1/admin/effects` and the dead letters among them.

use axum::extract::State;
use domain::access::Permission;
use projections::effects::Effects;
use projections::outbox::{self, After, Dead, Effect};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// Most dead letters in one answer.
const DEAD_LETTERS: i64 = 100;

const ADMIN: &[Permission] = &[Permission::AdminManage];

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(effects), staff(ADMIN)).add(routes!(dead_letters), staff(ADMIN))
}

#[derive(Clone, Copy, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum EffectState {
    Due,
    Leased,
    Waiting,
    Delivered,
    Suppressed,
    Dead,
    Discarded,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EffectsQuery {
    /// `due`, `leased`, `waiting`, `delivered`, `suppressed`, `dead` or `discarded`.
    #[param(value_type = Option<String>)]
    state: Option<EffectState>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// What follows from events: outside actions, newest first
#[utoipa::path(
    get,
    path = "/v1/admin/effects",
    tag = "operations",
    params(EffectsQuery),
    responses((status = 200, description = "One page", content_type = "application/json", example = json!({
        "items": [{
            "effect_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "kind": "email.request_received",
            "state": "suppressed", "reason": "email is off", "attempts": 1, "cause": 2
        }],
        "next_cursor": null
    })))
)]
async fn effects(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<EffectsQuery>,
) -> Result<Answer, Problem> {
    let (limit, after) = (limit(asked.limit, outbox::PAGE)?, asked.after()?);
    let reached = fresh.reach(&app, caller.org(), &[Effects::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let state = asked.state.map(Into::into);
    let items = outbox::page(&mut tx, caller.org(), state, after, limit).await?;
    let next = cursor::last_of_full(&items, limit);
    let next = next.map(|last| cursor::shown(last.created_at, last.effect_id));
    Ok(reached.mark(Answer::json(&json!({ "items": items, "next_cursor": next }))?))
}

impl EffectsQuery {
    fn after(&self) -> Result<Option<After>, Problem> {
        let after = cursor::asked(self.cursor.as_deref())?;
        Ok(after.map(|(created_at, effect_id)| After { created_at, effect_id }))
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeadKind {
    #[default]
    All,
    Outbox,
    Export,
}

impl From<DeadKind> for Dead {
    fn from(kind: DeadKind) -> Self {
        match kind {
            DeadKind::All => Self::All,
            DeadKind::Outbox => Self::Outbox,
            DeadKind::Export => Self::Export,
        }
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeadQuery {
    /// `all`, `outbox` or `export`.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    kind: DeadKind,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// From 0.
    #[param(minimum = 0)]
    offset: Option<u32>,
}

/// Outside actions that were given up
#[utoipa::path(
    get,
    path = "/v1/admin/queue/dlq",
    tag = "operations",
    params(DeadQuery),
    responses((status = 200, description = "Both counts, and one page of the kind asked for", content_type = "application/json", example = json!({
        "items": [], "total": 0, "outbox_dead_count": 0, "export_dead_count": 0
    })))
)]
async fn dead_letters(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<DeadQuery>,
) -> Result<Answer, Problem> {
    let (limit, offset) = (limit(asked.limit, DEAD_LETTERS)?, asked.offset.unwrap_or(0).into());
    let which = Dead::from(asked.kind);
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let counts = outbox::dead_counts(&mut tx, caller.org()).await?;
    let items = outbox::dead(&mut tx, caller.org(), which, offset, limit).await?;
    let total = match which {
        Dead::All => counts.outbox + counts.export,
        Dead::Outbox => counts.outbox,
        Dead::Export => counts.export,
    };
    Answer::json(&json!({
        "items": items.iter().map(|item| letter(item, &caller)).collect::<Vec<_>>(), "total": total,
        "outbox_dead_count": counts.outbox, "export_dead_count": counts.export,
    }))
}

/// As pages that watch the queue know it; says nothing of the person it was meant for.
fn letter(effect: &Effect, caller: &Caller) -> Value {
    let (event_type, summary) =
        effect.kind.split_once('.').unwrap_or((effect.kind.as_str(), effect.kind.as_str()));
    json!({
        "event_id": effect.effect_id,
        "kind": if event_type == "export" { "export" } else { "outbox" },
        "event_type": event_type,
        "org_id": caller.org(),
        "status": effect.state,
        "attempts": effect.attempts,
        "last_error": effect.reason,
        "created_at": effect.created_at,
        "payload_summary": summary,
        "quick_actions": [],
    })
}
