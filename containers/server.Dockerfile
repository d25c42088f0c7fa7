# The kit with the driver that an MLflow server needs to keep its runs in PostgreSQL. compose.yaml builds and starts it.
ARG BASE_IMAGE=debian:bookworm-slim
ARG KIT_IMAGE=ganprint

FROM ${BASE_IMAGE} AS driver
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/tools
WORKDIR /build
COPY containers/server.lock ./
RUN --mount=type=secret,id=pip-conf,target=/etc/pip.conf --mount=type=secret,id=ca-bundle \
    /opt/tools/bin/pip install --quiet --no-cache-dir --no-deps --require-hashes --no-compile \
        --target /opt/ganprint/driver -r server.lock \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/ganprint/driver

# hadolint ignore=DL3006
FROM ${KIT_IMAGE}
COPY --from=driver /opt/ganprint/driver /opt/ganprint/driver
ENV PYTHONPATH=/opt/ganprint/driver
