//! What the system costs, as ratios to raw PostgreSQL on the same server in the same run.
//!
//! `cargo bench` starts a private durable cluster and prints one table. `cargo bench -- append http.status` runs parts
//! of it.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

mod append;
mod finance;
mod http;
mod note;
mod processor;
mod program;
mod raw;
mod reading;
mod stage;
mod table;
mod wanted;
mod wire;

use stage::Stage;
use table::Table;
use wanted::Wanted;

fn main() {
    let wanted = Wanted::from_args();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stage = Stage::start().await;
        let mut table = Table::default();
        if wanted.has("append") {
            append::run(&stage, &wanted, &mut table).await;
        }
        if wanted.has("http") {
            http::run(&stage, &wanted, &mut table).await;
        }
        if wanted.has("finance.tax_export") {
            finance::run(&stage, &mut table).await;
        }
        if wanted.has("reading") {
            reading::run(&stage, &wanted, &mut table).await;
        }
        table.print();
    });
}
