//! Processor time and memory of processes, as the kernel counts them.

use std::path::Path;

/// Seconds of processor time that the process `pid` has used so far.
pub(crate) fn of(pid: u32) -> f64 {
    // It may end while we look.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let numbers = numbers(&stat);
    // After the name and state: fields 14 and 15 of the line, in hundredths.
    numbers.get(10).zip(numbers.get(11)).map_or(0.0, |(user, system)| (user + system) / 100.0)
}

/// Seconds of processor time that this thread has used so far.
pub(crate) fn of_this_thread() -> f64 {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    line.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// Seconds of processor time of the server in `directory` and of all its running processes.
pub(crate) fn of_server(directory: &Path) -> f64 {
    let file = std::fs::read_to_string(directory.join("data/postmaster.pid")).unwrap();
    let server: u32 = file.lines().next().unwrap().trim().parse().unwrap();
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    all.filter(|pid| *pid == server || parent(*pid) == Some(server)).map(of).sum()
}

/// Megabytes of resident memory.
pub(crate) fn memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

fn numbers(stat: &str) -> Vec<f64> {
    let after = stat.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}
