//! Carrying out the steps of a past, many at once and still in the same order every time.
//!
//! What is decided on an aggregate that the bus has in memory, or on one that is new, waits for nothing before it stands in the queue
//! of the log. So the commands of a wave stand there in the order they were given in, and are written together.

use std::collections::{HashSet, VecDeque};

use futures::future::try_join_all;

use super::Plan;
use super::step::{Step, Target};
use crate::organisations::Organisations;

/// More at once would be written no faster.
const WAVE: usize = 64;

/// Takes the steps that an earlier start has not come to.
pub(super) async fn carry_out(
    organisations: &Organisations,
    plan: Plan<'_>,
    steps: Vec<Step>,
) -> anyhow::Result<()> {
    let done = done_of(organisations, plan, steps.len()).await?;
    let mut waiting: VecDeque<_> = steps.into_iter().enumerate().skip(done).collect();
    let mut known = HashSet::new();
    while !waiting.is_empty() {
        let wave = next(&mut waiting, &mut known);
        let bus = organisations.bus();
        try_join_all(
            wave.into_iter()
                .map(|(place, step)| step.take(bus, plan.org, plan.request(&place.to_string()))),
        )
        .await?;
    }
    Ok(())
}

/// The longest start of `waiting` whose commands are about different aggregates, each of them `known` or new.
///
/// One that is not decided at once comes alone.
fn next(waiting: &mut VecDeque<(usize, Step)>, known: &mut HashSet<Target>) -> Vec<(usize, Step)> {
    let (mut wave, mut touched) = (Vec::new(), HashSet::new());
    while let Some((_, step)) = waiting.front() {
        let target = step.target();
        let is_in_memory = step.creates() || known.contains(&target);
        let is_alone = !(is_in_memory && step.is_decided_at_once());
        let is_over = wave.len() == WAVE || touched.contains(&target);
        if is_over || (is_alone && !wave.is_empty()) {
            break;
        }
        known.insert(target.clone());
        touched.insert(target);
        wave.extend(waiting.pop_front());
        if is_alone {
            break;
        }
    }
    wave
}

/// How many steps an earlier start has taken: they are taken in order.
async fn done_of(
    organisations: &Organisations,
    plan: Plan<'_>,
    steps: usize,
) -> anyhow::Result<usize> {
    let (mut done, mut open) = (0, steps);
    while done < open {
        let middle = done + (open - done) / 2;
        let request = plan.request(&middle.to_string());
        if super::is_done(organisations, plan.org, request).await? {
            done = middle + 1;
        } else {
            open = middle;
        }
    }
    Ok(done)
}
