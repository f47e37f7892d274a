//! Variables that are set and that nobody reads: a slip of the fingers otherwise goes unnoticed for a long time.

use super::environment::Problem;
use super::reference::{ELSEWHERE, variables};

/// Read by the containers of `docker-compose.yml`, not by the program.
const CONTAINERS: [&str; 6] =
    ["POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD", "BACKUP_DIR", "ENV_FILE", "IMAGE_TAG"];

/// Variables of `set` that nobody reads but that look like one that somebody does.
pub fn misspelt<'a>(set: impl Iterator<Item = &'a str>) -> Vec<Problem> {
    let known = known();
    set.filter(|name| !known.iter().any(|one| one == name))
        .filter_map(|name| {
            let meant = known.iter().find(|one| is_near(name, one))?;
            let message = format!("{name} is not read by this program; is {meant} meant?");
            Some(Problem::new(name, message))
        })
        .collect()
}

/// Variables of a file that nobody reads. What nobody reads changes nothing, whatever it is set to.
pub fn unread<'a>(set: impl Iterator<Item = &'a str>) -> Vec<Problem> {
    let known = known();
    set.filter(|name| !known.iter().any(|one| one == name || is_near(name, one)))
        .map(|name| Problem::new(name, format!("{name} is not read by this program")))
        .collect()
}

fn known() -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for variable in variables() {
        if variable.secret {
            known.push(format!("{}_FILE", variable.name));
        }
        known.push(variable.name);
    }
    known.extend(ELSEWHERE.iter().map(|(name, _)| *name).chain(CONTAINERS).map(ToOwned::to_owned));
    known
}

/// Whether two slips of the fingers at most, one for a short name, lie between two names.
fn is_near(name: &str, other: &str) -> bool {
    let slips = (other.len() / 6).min(2);
    name.len().abs_diff(other.len()) <= slips
        && distance(name.as_bytes(), other.as_bytes()) <= slips
}

/// Letters to insert, leave out, replace or swap with their neighbour.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=other.len()).collect();
    for i in 1..=one.len() {
        for j in 1..=other.len() {
            let differs = usize::from(one[i - 1] != other[j - 1]);
            let mut least =
                (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + differs);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_and_a_stranger_is_not() {
        let set = ["DATABSE_URL", "DATABASE_URL_FILE", "LINES", "HOME", "SMPT_HOST", "LOG_LEVEL"];
        let told: Vec<_> = misspelt(set.into_iter()).into_iter().map(|one| one.message).collect();
        assert_eq!(
            told,
            [
                "DATABSE_URL is not read by this program; is DATABASE_URL meant?",
                "SMPT_HOST is not read by this program; is SMTP_HOST meant?",
            ]
        );
        let told: Vec<_> = unread(set.into_iter()).into_iter().map(|one| one.variable).collect();
        assert_eq!(told, ["LINES", "HOME"]);
    }
}
