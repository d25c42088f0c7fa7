# The kit in an image: everything from the hashed lock, no compiler and no pip in the last stage, no root.
# containers/build-image.sh builds it, docs/container.md says how to use it.
#
# Debian 12 or Ubuntu 24.04, by tag or by digest (name@sha256:...). A plain base is enough for GPUs: torch's wheels in the
# lock carry the CUDA libraries, the driver comes from the host.
ARG BASE_IMAGE=debian:bookworm-slim

# Versions of Debian's packages are those of the day; containers/debian-packages.txt tells which ones were measured.
# Bytecode is compiled once, by hash of the source and not by time stamp: builds set all time stamps alike, and what
# starts on a read-only file system could not write it anew.
FROM ${BASE_IMAGE} AS base
ARG SOURCE_DATE_EPOCH
# libgomp1: LightGBM's package links to it and does not bring it.
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates libgomp1 python3 tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache \
        /var/log/apt /var/log/alternatives.log /var/log/dpkg.log /var/lib/dpkg/*-old \
    && find /usr/lib/python3* -name __pycache__ -type d -prune -exec rm -rf {} + \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /usr/lib/python3* \
    && groupadd --gid 10001 ganprint \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /work --shell /usr/sbin/nologin ganprint \
    && rm -f /etc/passwd- /etc/shadow- /etc/group- /etc/gshadow- /etc/subuid- /etc/subgid- \
    && install --directory --owner=10001 --group=10001 /work

# What installs: pip, in an environment of its own, fills /opt/venv, which has no pip.
FROM base AS installer
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/tools \
    && python3 -m venv --without-pip /opt/venv
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# The environment depends on the lock alone, so its layer (nearly all of the image) is the same for every commit that
# leaves the lock alone. The source packages in it are built with the lock's setuptools, not with one of the day.
# Who needs a package index or certificates of their own gives them as build secrets; they do not get into the image.
FROM installer AS environment
ARG SOURCE_DATE_EPOCH
WORKDIR /build
COPY requirements.lock ./
# Some packages carry files of other Pythons, which do not compile. The path file: the code of a project in the work folder
# comes before the installed package, so that what runs is what DVC watches; no variable is needed for it.
RUN --mount=type=secret,id=pip-conf,target=/etc/pip.conf --mount=type=secret,id=ca-bundle \
    sed -n '/^setuptools==/,/[^\\]$/p' requirements.lock > setuptools.lock \
    && /opt/tools/bin/pip --python /opt/venv/bin/python install --quiet --no-compile --require-hashes --no-deps \
        -r setuptools.lock \
    && /opt/tools/bin/pip --python /opt/venv/bin/python install --quiet --no-compile --require-hashes \
        --no-build-isolation --use-pep517 -r requirements.lock \
    && /opt/tools/bin/pip --python /opt/venv/bin/python check \
    && { /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib > /dev/null || true; } \
    && printf '%s\n' /work/src /opt/ganprint/site > "$(echo /opt/venv/lib/python3*/site-packages)/ganprint.pth"

FROM environment AS package
ARG SOURCE_DATE_EPOCH
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN /opt/tools/bin/pip --python /opt/venv/bin/python install --quiet --no-compile --no-deps --no-index \
        --no-build-isolation --target /opt/ganprint/site . \
    && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/ganprint/site \
    && rm -f /opt/ganprint/site/ganprint-*.dist-info/direct_url.json

FROM base AS kit
COPY --from=environment /opt/venv /opt/venv
COPY --from=package /opt/ganprint/site /opt/ganprint/site
COPY . /opt/ganprint/project
# HOME and the caches lie in /tmp, so that a read-only root file system and any --user will do; downloaded weights stay in
# the work folder.
ENV PATH=/opt/venv/bin:/opt/ganprint/site/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp USER=ganprint LOGNAME=ganprint LANG=C.UTF-8 \
    MPLCONFIGDIR=/tmp/matplotlib DVC_SITE_CACHE_DIR=/tmp/dvc TORCH_HOME=/work/.cache/torch \
    DVC_NO_ANALYTICS=1 MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true GIT_PYTHON_REFRESH=quiet \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /work
USER 10001:10001
HEALTHCHECK --interval=60s --timeout=30s --start-period=30s CMD ["ganprint", "--version"]
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/ganprint/project/containers/entrypoint.sh"]
CMD ["dvc", "repro"]
ARG REVISION=unknown
ARG LOCK_SHA256=unknown
LABEL org.opencontainers.image.title="ganprint" \
      org.opencontainers.image.description="Reproducibility and audit kit for the ImageCLEFmedical GANs task" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${REVISION}" \
      ganprint.lock.sha256="${LOCK_SHA256}"
