//! The program `cleaning`; everything is in the library so that tests can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("cleaning: the TLS provider was chosen before the program began");
        return ExitCode::FAILURE;
    }
    runner::cli::main()
}
