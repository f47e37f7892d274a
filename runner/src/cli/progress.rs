//! Shows how far something has come, to people who watch.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// Width of the bar, in characters.
const WIDTH: usize = 30;

/// More often nobody can read it.
const PAUSE: Duration = Duration::from_millis(100);

/// A line on the terminal that is written over and over; silent when nobody watches.
pub(super) struct Bar {
    is_watched: bool,
    started: Instant,
    drawn: Option<Instant>,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self { is_watched: stderr().is_terminal(), started: Instant::now(), drawn: None }
    }

    /// Events done, of how many.
    pub(super) fn events(&mut self, what: &str, done: i64, total: i64) {
        let is_due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE);
        if self.is_watched && (is_due || done >= total) {
            self.draw(&line(what, done, total, self.started.elapsed()));
        }
    }

    /// Words instead of numbers.
    pub(super) fn words(&mut self, text: &str) {
        if self.is_watched {
            self.draw(text);
        }
    }

    fn draw(&mut self, text: &str) {
        self.drawn = Some(Instant::now());
        let mut out = stderr().lock();
        // A terminal that cannot be written to has nobody before it.
        let _ = write!(out, "\r\x1b[2K{text}").and_then(|()| out.flush());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.is_watched && self.drawn.is_some() {
            self.draw("");
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "estimates for people"
)]
fn line(what: &str, done: i64, total: i64, elapsed: Duration) -> String {
    let share = if total > 0 { (done as f64 / total as f64).clamp(0.0, 1.0) } else { 1.0 };
    let full = (share * WIDTH as f64) as usize;
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let rest = (total - done).max(0) as f64 / rate.max(1.0);
    format!(
        "{what} [{}{}] {done}/{total} events  {rate:.0}/s  {} left",
        "#".repeat(full),
        ".".repeat(WIDTH - full),
        duration(rest as u64),
    )
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_tells_share_rate_and_rest() {
        let text = line("lead_list", 500, 2_000, Duration::from_secs(1));
        assert_eq!(
            text,
            "lead_list [#######.......................] 500/2000 events  500/s  3 s left"
        );
        assert!(line("x", 0, 0, Duration::ZERO).ends_with("0 s left"));
    }

    #[test]
    fn long_waits_are_told_in_minutes_and_hours() {
        assert_eq!(duration(61), "1 min 01 s");
        assert_eq!(duration(7_260), "2 h 01 min");
    }
}
