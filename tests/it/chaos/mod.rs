//! The real program while its processes are killed, stopped and restarted under load.

mod kill_api;
mod kill_jobs;
mod kill_postgres;
mod office;
mod tables;
mod tamper;
mod zombie;

use office::Office;
