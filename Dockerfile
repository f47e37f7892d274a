# syntax=docker/dockerfile:1
# The one program; `docker-compose.yml` starts it in each of its roles.

# The channel of rust-toolchain.toml.
ARG RUST=1.95.0

FROM rust:${RUST}-slim-bookworm AS build
WORKDIR /src
# Statements are checked against the committed cache: building needs no database.
ENV SQLX_OFFLINE=true CARGO_TERM_COLOR=never
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package runner --bin cleaning \
    && cp target/release/cleaning /usr/local/bin/cleaning

FROM debian:bookworm-slim
# Certificates are for mail servers; upgrading is what keeps the image patched between two releases of its base.
RUN apt-get update \
    && apt-get upgrade -y \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin cleaning \
    && install -d -o cleaning -g cleaning /app /app/var /app/var/spool /app/var/uploads
COPY --from=build /usr/local/bin/cleaning /usr/local/bin/cleaning
# Commands of older runbooks: alembic, python -m app.jobs.run.
COPY --chmod=0755 ops/shims/ /usr/local/bin/
WORKDIR /app
USER 10001:10001
# API, jobs, screens
EXPOSE 8000 8001 3000
CMD ["cleaning", "api"]
