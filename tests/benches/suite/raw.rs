//! The yardstick: single-row INSERT transactions by `pgbench`, of rows as long as an event.

use std::process::Command;
use std::time::Duration;

/// What `pgbench` measured.
pub(crate) struct Raw {
    /// Transactions per second.
    pub(crate) rate: f64,
    /// Milliseconds per transaction, ascending.
    pub(crate) latency: Vec<f64>,
}

const TABLE: &str = "drop table if exists raw_event;
    create table raw_event (id bigserial primary key, data jsonb not null)";
const INSERT: &str = "insert into raw_event (data) values ('{\"type\":\"noted\",\"text\":\"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\",\"actor\":{\"id\":\"018f\",\"role\":\"admin\",\"type\":\"staff\"},\"request_id\":\"0190d3c4-55c7-7d4e-8f3a-0f2f6f1d2c3b\",\"correlation_id\":\"0190d3c4-55c7-7d4e-8f3a-0f2f6f1d2c3b\"}');\n";
const SELECT: &str =
    "\\set n random(1, 1000)\nselect data from raw_stream where stream = :n order by sequence;\n";

/// Single-row inserts by `clients` at once.
pub(crate) fn inserts(url: &str, clients: usize, time: Duration) -> Raw {
    prepare(url, TABLE);
    bench(url, INSERT, clients, time)
}

/// A stream of ten rows read, one row inserted.
pub(crate) fn select_and_insert(url: &str, clients: usize, time: Duration) -> Raw {
    prepare(url, TABLE);
    prepare(
        url,
        "drop table if exists raw_stream;
         create table raw_stream (stream int, sequence int, data jsonb not null, primary key (stream, sequence));
         insert into raw_stream select s, n, jsonb_build_object('text', lpad(n::text, 350, '0'))
         from generate_series(1, 1000) s, generate_series(1, 10) n; analyze raw_stream",
    );
    bench(url, &format!("{SELECT}{INSERT}"), clients, time)
}

fn prepare(url: &str, sql: &str) {
    let done = Command::new("psql")
        .args([url, "-q", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn bench(url: &str, script: &str, clients: usize, time: Duration) -> Raw {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("script.sql");
    std::fs::write(&file, script).unwrap();
    let done = Command::new("pgbench")
        .current_dir(dir.path())
        .args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "2",
            "-l",
            "-c",
            &clients.to_string(),
            "-T",
            &time.as_secs().to_string(),
        ])
        .arg("-f")
        .arg(&file)
        .arg(url)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8_lossy(&done.stdout);
    let rate =
        text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    Raw { rate: rate.unwrap(), latency: latencies(dir.path()) }
}

/// `pgbench -l` writes one line per transaction; the third word is microseconds.
fn latencies(dir: &std::path::Path) -> Vec<f64> {
    let mut all = Vec::new();
    for entry in dir.read_dir().unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("pgbench_log") {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let micros =
                text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok());
            all.extend(micros.map(|micros| micros / 1000.0));
        }
    }
    all.sort_by(f64::total_cmp);
    all
}
