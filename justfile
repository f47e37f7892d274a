# Everything a developer runs; `just` alone lists it.
_list:
    @just --list

# What has to pass
check:
    .ci/run

# Everything on this machine
run *options:
    cargo run -- dev {{options}}

# Every test
test:
    cargo test --workspace

# The figures of docs/benchmarks.md
bench *parts:
    cargo bench -- {{parts}}

# Re-record the statement cache after changing SQL; DATABASE_URL must name a migrated database
sqlx:
    cargo sqlx prepare --workspace -- --all-targets
