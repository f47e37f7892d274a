//! The program `cleaning`; everything is in the library so that tests can reach it.

use std::process::ExitCode;

/// Half the time of a small request is allocation; this one takes less of it and gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("cleaning: the TLS provider was chosen before the program began");
        return ExitCode::FAILURE;
    }
    runner::cli::main()
}
