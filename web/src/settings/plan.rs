//! What the organisation pays for, and how much of it is used.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Plan {
    #[serde(rename = "plan_id")]
    pub(super) subscribed: String,
    #[serde(rename = "effective_plan_id")]
    effective: String,
    pub(super) status: String,
    pub(super) paused: bool,
    limits: Counts,
    usage: Counts,
}

#[derive(Deserialize)]
struct Counts {
    workers: u64,
    bookings: u64,
    storage_bytes: u64,
}

/// One thing that plans count.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) used: String,
    pub(super) limit: String,
    pub(super) is_full: bool,
}

impl Plan {
    /// Whether less counts than what was subscribed to.
    pub(super) fn is_reduced(&self) -> bool {
        self.subscribed != self.effective
    }

    pub(super) fn lines(&self) -> [Line; 3] {
        let line = |name, used: u64, limit: u64, show: fn(u64) -> String| Line {
            name,
            used: show(used),
            limit: show(limit),
            is_full: used >= limit,
        };
        let plain = |number: u64| number.to_string();
        [
            line("Active workers", self.usage.workers, self.limits.workers, plain),
            line("Bookings this month", self.usage.bookings, self.limits.bookings, plain),
            line("Photos", self.usage.storage_bytes, self.limits.storage_bytes, size),
        ]
    }
}

/// Bytes in the largest unit that leaves a number of them.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS.iter().find(|(_, one)| bytes >= *one);
    unit.map_or_else(|| format!("{bytes} bytes"), |(name, one)| format!("{} {name}", bytes / one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_a_unit_for_people() {
        let sizes = [0, 1023, 1024, 5 << 20, 20 << 30].map(size);
        assert_eq!(sizes, ["0 bytes", "1023 bytes", "1 KiB", "5 MiB", "20 GiB"]);
    }
}
