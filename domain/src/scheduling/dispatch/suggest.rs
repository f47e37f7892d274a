//! Who could make a visit, the best first: how near they are, what they can, how they are rated, how little they have to do.
//!
//! Everything is reckoned in thousandths, so the same facts always give the same order.

use serde::Serialize;
use uuid::Uuid;

/// Of the score, in thousandths: nearness, skill, rating, workload.
const WEIGHTS: [u32; 4] = [450, 200, 200, 150];

/// What is not known counts half.
const UNKNOWN: u32 = 500;

/// Further than this is all the same.
const FAR_MINUTES: u32 = 60;

/// A day with this much work is full.
const FULL_MINUTES: u32 = 480;

/// Called near.
const NEAR_MINUTES: u32 = 20;

/// Called well rated, in thousandths.
const WELL_RATED: u32 = 800;

/// Called lightly loaded, in thousandths.
const LIGHT: u32 = 700;

/// Somebody who could come, and what is known about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub worker: Uuid,
    /// Minutes on the way from where they are before; unknown where places are.
    pub eta_minutes: Option<u32>,
    /// How many of the skills the visit asks for they have, in thousandths; unknown where none is asked for.
    pub skill: Option<u32>,
    /// Average rating from 1,000 to 5,000 thousandths; unknown without reviews.
    pub rating: Option<u32>,
    /// Minutes of work they have on that day already.
    pub busy_minutes: u32,
}

/// Somebody with a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Who, and what is known.
    pub candidate: Candidate,
    /// Of a thousand.
    pub score: u32,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// What speaks for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Twenty minutes away at most.
    Closest,
    /// Four fifths of the way to the best rating, or better.
    HighRating,
    /// Less to do than most.
    LightLoad,
}

/// All of them, the best first: by score, then by the way, then by rating, then by id.
pub fn rank(candidates: Vec<Candidate>) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = candidates.into_iter().map(score).collect();
    ranked.sort_by_key(|one| {
        let Candidate { worker, eta_minutes, rating, .. } = one.candidate;
        let eta = eta_minutes.unwrap_or(u32::MAX);
        let rating = u32::MAX - rating.unwrap_or_default();
        (u32::MAX - one.score, eta, rating, worker)
    });
    ranked
}

fn score(candidate: Candidate) -> Ranked {
    let nearness =
        candidate.eta_minutes.map(|eta| 1_000 - eta.min(FAR_MINUTES) * 1_000 / FAR_MINUTES);
    let rating = candidate.rating.map(|rating| (rating.clamp(1_000, 5_000) - 1_000) / 4);
    let light = 1_000 - candidate.busy_minutes.min(FULL_MINUTES) * 1_000 / FULL_MINUTES;
    let skill = candidate.skill.map(|skill| skill.min(1_000));
    let parts = [nearness, skill, rating, Some(light)].map(|part| part.unwrap_or(UNKNOWN));
    let total: u32 = parts.iter().zip(WEIGHTS).map(|(part, weight)| part * weight).sum();
    let speaks = [
        (candidate.eta_minutes.is_some_and(|eta| eta <= NEAR_MINUTES), Reason::Closest),
        (rating.is_some_and(|rating| rating >= WELL_RATED), Reason::HighRating),
        (light >= LIGHT, Reason::LightLoad),
    ];
    let reasons = speaks.iter().filter(|(holds, _)| *holds).map(|(_, reason)| *reason).collect();
    Ranked { candidate, score: (total + 500) / 1_000, reasons }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(n: u128, eta: Option<u32>, busy_minutes: u32) -> Candidate {
        let worker = Uuid::from_u128(n);
        Candidate { worker, eta_minutes: eta, skill: None, rating: None, busy_minutes }
    }

    #[test]
    fn the_score_is_what_the_weights_make_of_it() {
        let best =
            Candidate { skill: Some(1_000), rating: Some(5_000), ..candidate(1, Some(0), 0) };
        let [one] = &rank(vec![best])[..] else { panic!() };
        assert_eq!(one.score, 1_000);
        assert_eq!(one.reasons, [Reason::Closest, Reason::HighRating, Reason::LightLoad]);
        let unknown = score(candidate(1, None, 480));
        assert_eq!((unknown.score, &unknown.reasons[..]), (425, &[][..]));
        let worst =
            Candidate { skill: Some(0), rating: Some(1_000), ..candidate(1, Some(90), 900) };
        assert_eq!(score(worst).score, 0);
        // 0.45 * (1 - 20/60) + 0.2 * 0.5 + 0.2 * 0.8 + 0.15 * 0.5
        let between = Candidate { rating: Some(4_200), ..candidate(1, Some(20), 240) };
        let between = score(between);
        assert_eq!(between.score, 635);
        assert_eq!(between.reasons, [Reason::Closest, Reason::HighRating]);
    }

    #[test]
    fn whoever_is_nearer_comes_first_and_then_whoever_has_the_smaller_id() {
        let all =
            vec![candidate(3, Some(30), 0), candidate(2, Some(10), 0), candidate(1, Some(30), 0)];
        let order: Vec<u128> = rank(all).iter().map(|one| one.candidate.worker.as_u128()).collect();
        assert_eq!(order, [2, 1, 3]);
    }

    proptest! {
        #[test]
        fn the_order_does_not_depend_on_the_order_of_asking(
            etas in proptest::collection::vec((proptest::option::of(0_u32..90), 0_u32..600), 1..12), seed in 0_usize..12,
        ) {
            let all: Vec<_> =
                (1_u128..).zip(&etas).map(|(n, (eta, busy))| candidate(n, *eta, *busy)).collect();
            let mut turned = all.clone();
            turned.rotate_left(seed % all.len());
            let ranked = rank(all);
            prop_assert_eq!(&ranked, &rank(turned));
            prop_assert!(ranked.iter().all(|one| one.score <= 1_000));
        }
    }
}
