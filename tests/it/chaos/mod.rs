//! The real program while its processes are killed, stopped and restarted under load.

mod kill_api;
mod kill_jobs;
mod office;
mod tables;
mod zombie;

pub(crate) use office::Office;
