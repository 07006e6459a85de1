# aTES in a container: docker build -t ates . — or, with a database beside it, docker compose up --wait
FROM rust:1.95-slim-bookworm AS chef
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libpq-dev \
    && rm -rf /var/lib/apt/lists/*
RUN cargo install --locked --version 0.1.78 cargo-chef
WORKDIR /src

# What is depended on: this changes with Cargo.toml and Cargo.lock alone, and so does the long step below.
FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS build
COPY --from=plan /src/recipe.json recipe.json
RUN cargo chef cook --release --locked --package ates --recipe-path recipe.json
COPY . .
RUN cargo build --release --locked --package ates

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libpq5 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin ates
COPY --from=build /src/target/release/ates /usr/local/bin/ates
USER 10001
EXPOSE 8080
# Whether it lives, not whether it can write: nobody gets well by being restarted while the database is away or the emergency stop is set.
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s CMD ["ates", "health", "--live"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ates"]
CMD ["serve"]
