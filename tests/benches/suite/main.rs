//! What the system costs, as ratios to raw PostgreSQL on the same server in the same run.
//!
//! `cargo bench` starts a private durable cluster and prints one table. `cargo bench -- append http` runs parts of it.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

mod append;
mod http;
mod note;
mod program;
mod raw;
mod reading;
mod stage;
mod table;

use stage::Stage;
use table::Table;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stage = Stage::start().await;
        let mut table = Table::default();
        if wants("append") {
            append::run(&stage, &mut table).await;
        }
        if wants("http") {
            http::run(&stage, &mut table).await;
        }
        if wants("reading") {
            reading::run(&stage, &mut table).await;
        }
        table.print();
    });
}
