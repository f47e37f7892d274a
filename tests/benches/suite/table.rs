//! The one table.

/// Rows of figures, each beside the raw one it is measured against.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 5]>);

impl Table {
    /// Adds a row and prints it at once, so that a long run shows where it is.
    pub(crate) fn row(
        &mut self,
        figure: &str,
        ours: String,
        raw: String,
        ratio: String,
        target: &str,
    ) {
        println!("{figure:<58} {ours:>16} {raw:>16} {ratio:>8}  {target}");
        self.0.push([figure.to_owned(), ours, raw, ratio, target.to_owned()]);
    }

    /// A rate against a raw rate, both per second.
    pub(crate) fn rate(&mut self, figure: &str, ours: f64, raw: f64, target: &str) {
        let ratio = format!("{:.2}", ours / raw);
        self.row(figure, format!("{ours:.0}/s"), format!("{raw:.0}/s"), ratio, target);
    }

    /// A figure that has nothing to be measured against.
    pub(crate) fn alone(&mut self, figure: &str, ours: String, target: &str) {
        self.row(figure, ours, String::new(), String::new(), target);
    }

    /// The table again as Markdown, for `docs/benchmarks.md`.
    pub(crate) fn print(&self) {
        println!("\n| figure | ours | raw | ratio | target |\n| --- | --: | --: | --: | --- |");
        for [figure, ours, raw, ratio, target] in &self.0 {
            println!("| {figure} | {ours} | {raw} | {ratio} | {target} |");
        }
    }
}

/// The middle value of `samples`.
pub(crate) fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// The value below which `share` of the sorted `samples` lie.
pub(crate) fn percentile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let index = ((samples.len() as f64 * share) as usize).min(samples.len() - 1);
    samples[index]
}
