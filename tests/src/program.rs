//! The program `cleaning` as its own package builds it, built here too so that tests always start the current one.

use std::process::ExitCode;

fn main() -> ExitCode {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    runner::cli::main()
}
