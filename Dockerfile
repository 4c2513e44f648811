# Both binaries in one build; one small image for each:
#   docker build --target worker .       the service (the default)
#   docker build --target simulator .    Meta's Graph API for tests and demonstrations
# Needs BuildKit.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The cache of target/ outlives this source tree.  Cargo goes by modification times,
# which a fresh checkout may turn back, so the packages of the workspace are marked as
# changed; their dependencies are what the cache is for.
#
# The programs carry their C library with them, so that the images need hold nothing
# else: no shell, no loader, no package to be patched but by building anew.  A target is
# named because what runs while building must not be linked so.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    touch src/lib.rs src/main.rs simulator/src/lib.rs simulator/src/main.rs && \
    host=$(rustc --print host-tuple) && \
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$host" \
        --package audience-activator --package simulator --bins && \
    mkdir /out && \
    cp "target/$host/release/audience-activator" "target/$host/release/simulator" /out/

FROM scratch AS simulator
LABEL org.opencontainers.image.title="audience-activator simulator" \
      org.opencontainers.image.description="Meta's Graph API, as far as audience-activator uses it, for tests and demonstrations" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/simulator /simulator
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=2s --timeout=3s --retries=15 CMD ["/simulator", "healthcheck"]
ENTRYPOINT ["/simulator"]

FROM scratch AS worker
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="audience-activator" \
      org.opencontainers.image.description="Delivers AWS Clean Rooms audiences from S3 to Meta, complete, once, and with proof" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# The authorities by which AWS and Meta are known.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/audience-activator /audience-activator
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
EXPOSE 9090
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/audience-activator", "healthcheck"]
ENTRYPOINT ["/audience-activator"]
CMD ["worker"]
