//! What somebody should have shown for what they can do, and has not: a hint for the office, which never refuses anything.

use chrono::NaiveDate;
use serde::Serialize;

use super::worker::file::{Certificate, CertificateStatus, File};
use crate::scheduling::terms::policies::WorkerPolicy;

/// Why nothing that somebody has shown counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// It is on its way.
    Pending,
    /// Its last day is over.
    Expired,
    /// It was taken away.
    Revoked,
    /// There is none.
    Missing,
}

/// A certificate that somebody should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What they can do, as it stands in their file.
    pub skill: String,
    /// What the policies ask for, as they call it.
    pub certificate: String,
    /// Why it is none.
    pub state: Lack,
}

/// What is wrong with it on a day; nothing if it holds.
fn lack(one: &Certificate, today: NaiveDate) -> Option<Lack> {
    match one.status {
        CertificateStatus::Revoked => Some(Lack::Revoked),
        CertificateStatus::Expired => Some(Lack::Expired),
        _ if one.expires_at.is_some_and(|last| last < today) => Some(Lack::Expired),
        CertificateStatus::Pending => Some(Lack::Pending),
        CertificateStatus::Active => None,
    }
}

/// Everything that somebody should have shown by `today` and has not, by skill. Names of certificates are compared
/// without regard to case. Of somebody who was erased nothing is said.
pub fn gaps(file: &File, policy: &WorkerPolicy, today: NaiveDate) -> Vec<Gap> {
    let mut kept = Vec::new();
    for one in file.kept_certificates() {
        let Some(name) = one.name.open() else { return Vec::new() };
        kept.push((name.to_lowercase(), lack(one, today)));
    }
    let mut gaps = Vec::new();
    for skill in &file.skills {
        for certificate in policy.required_certificates.get(skill).into_iter().flatten() {
            let called = certificate.to_lowercase();
            let own = kept.iter().filter(|(name, _)| *name == called).map(|(_, lack)| *lack);
            // The best of several counts; one that holds comes before all others.
            if let Some(state) = own.min().unwrap_or(Some(Lack::Missing)) {
                gaps.push(Gap { skill: skill.clone(), certificate: certificate.clone(), state });
            }
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::personal::Personal;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2030, 3, day).unwrap()
    }

    fn shown(name: &str, status: CertificateStatus, last: Option<u32>) -> Certificate {
        Certificate {
            cert_id: Uuid::now_v7().into(),
            name: Personal::of(Uuid::now_v7().into(), name.to_owned()),
            status,
            issued_at: None,
            expires_at: last.map(day),
            archived_at: None,
        }
    }

    fn told(certificates: Vec<Certificate>) -> Vec<(String, Lack)> {
        let skills = ["deep_clean", "ironing", "window_cleaning"].map(str::to_owned).to_vec();
        let file = File { skills, certificates, ..File::default() };
        let gaps = gaps(&file, &WorkerPolicy::default(), day(10));
        gaps.into_iter().map(|gap| (gap.certificate, gap.state)).collect()
    }

    #[test]
    fn what_was_never_shown_is_missing_for_each_skill_that_asks_for_it() {
        let (chemistry, ladder) = ("Chemical Handling".to_owned(), "Ladder Safety".to_owned());
        assert_eq!(told(vec![]), [(chemistry.clone(), Lack::Missing), (ladder, Lack::Missing)]);
        let one = shown("LADDER safety", CertificateStatus::Active, None);
        assert_eq!(told(vec![one]), [(chemistry, Lack::Missing)]);
    }

    #[test]
    fn the_last_day_counts_and_the_best_of_several_is_told() {
        use CertificateStatus::{Active, Expired, Pending, Revoked};

        let chemistry = || shown("Chemical Handling", Active, None);
        let with = |certificates: Vec<Certificate>| {
            let all = std::iter::once(chemistry()).chain(certificates).collect();
            told(all).into_iter().map(|(_, state)| state).collect::<Vec<_>>()
        };
        let ladder = |status, last| shown("Ladder Safety", status, last);
        assert_eq!(with(vec![ladder(Active, Some(10))]), []);
        assert_eq!(with(vec![ladder(Active, Some(9))]), [Lack::Expired]);
        assert_eq!(with(vec![ladder(Expired, None), ladder(Pending, None)]), [Lack::Pending]);
        assert_eq!(with(vec![ladder(Revoked, Some(20))]), [Lack::Revoked]);
        assert_eq!(with(vec![ladder(Revoked, None), ladder(Active, Some(20))]), []);
        let away = Certificate {
            archived_at: Some(chrono::DateTime::UNIX_EPOCH),
            ..ladder(Active, Some(20))
        };
        assert_eq!(with(vec![away]), [Lack::Missing]);
    }

    #[test]
    fn of_whoever_was_erased_nothing_is_said() {
        let name = Personal::Erased { subject: Uuid::now_v7().into() };
        let one = Certificate { name, ..shown("x", CertificateStatus::Active, None) };
        assert_eq!(told(vec![one]), []);
    }
}
