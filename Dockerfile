# syntax=docker/dockerfile:1
# Images: `service` (also pipeline, dispatcher, migrations, model fetch), `worker-cpu` and `worker-gpu`. All non-root, with a read-only root.
#   docker build --target service -t pennyprotect/service:0.1.0 .
# A tag names what was tested; a release pins the digests by PYTHON_IMAGE and NODE_IMAGE.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm
ARG NODE_IMAGE=docker.io/library/node:22-bookworm-slim
ARG DEEPSTREAM_IMAGE=nvcr.io/nvidia/deepstream:9.1-triton-multiarch

# The dashboard.
FROM ${NODE_IMAGE} AS web
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

# The Python packages, by hash, in an environment that the images below copy.
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/service.txt /build/service.txt
RUN python -m venv /opt/pennyprotect/venv \
    && /opt/pennyprotect/venv/bin/pip install --no-deps --require-hashes --only-binary :all: -r /build/service.txt \
    && /opt/pennyprotect/venv/bin/python -m compileall -q /opt/pennyprotect/venv/lib
COPY app/ /opt/pennyprotect/src/app/
COPY db/migrations/ /opt/pennyprotect/src/db/migrations/
COPY triton_models/ /opt/pennyprotect/src/triton_models/
COPY docker/pennyprotect /opt/pennyprotect/venv/bin/pennyprotect
RUN chmod 0755 /opt/pennyprotect/venv/bin/pennyprotect \
    && echo /opt/pennyprotect/src > "$(echo /opt/pennyprotect/venv/lib/python3.*/site-packages)/pennyprotect.pth" \
    && /opt/pennyprotect/venv/bin/python -m compileall -q /opt/pennyprotect/src/app

# What every image of ours shares.
FROM ${PYTHON_IMAGE} AS base
LABEL org.opencontainers.image.title="PennyProtect" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 pennyprotect \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/pennyprotect --create-home pennyprotect \
    # Where compose.yaml shares the key ring: a volume takes the owner that the image has there.
    && install -d -m 0700 -o 10001 -g 10001 /var/lib/pennyprotect/ring
COPY --from=packages /opt/pennyprotect /opt/pennyprotect
ENV PATH=/opt/pennyprotect/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PENNYPROTECT_HEADLESS=1 \
    PENNYPROTECT_HOME=/var/lib/pennyprotect \
    PENNYPROTECT_CACHE=/var/lib/pennyprotect/cache
WORKDIR /var/lib/pennyprotect
VOLUME /var/lib/pennyprotect
USER 10001:10001
ENTRYPOINT ["pennyprotect"]

FROM base AS worker-cpu
# A worker has no HTTP of its own unless it is told where (PENNYPROTECT_METRICS).
ENV PENNYPROTECT_METRICS=0.0.0.0:9090
EXPOSE 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9090/healthz', timeout=4)"]
CMD ["worker-cpu"]

# DeepStream with its own Python (3.12), GStreamer and pyds. pyds has no wheels for 9.x: NVIDIA's script in the image builds it from source.
FROM ${DEEPSTREAM_IMAGE} AS pyds
ARG PYDS_REF=master
RUN /opt/nvidia/deepstream/deepstream/user_deepstream_python_apps_install.sh --build-bindings --remote-branch ${PYDS_REF} \
    && mkdir /wheels \
    && cp /opt/nvidia/deepstream/deepstream/sources/deepstream_python_apps/bindings/dist/pyds-*.whl /wheels/

FROM ${DEEPSTREAM_IMAGE} AS deepstream
COPY requirements/worker-gpu.txt /build/worker-gpu.txt
COPY --from=pyds /wheels /build/wheels
# gi is the system's: the environment sees its packages. numpy stays 1.26, which pyds is built against.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends glib-networking python3-gi python3-gst-1.0 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv --system-site-packages /opt/pennyprotect/venv \
    && /opt/pennyprotect/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r /build/worker-gpu.txt \
    && /opt/pennyprotect/venv/bin/pip install --no-cache-dir --no-deps /build/wheels/pyds-*.whl \
    && groupadd --system --gid 10001 pennyprotect \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/pennyprotect --create-home pennyprotect
COPY app/ /opt/pennyprotect/src/app/
COPY db/migrations/ /opt/pennyprotect/src/db/migrations/
COPY triton_models/ /opt/pennyprotect/src/triton_models/
COPY deepstream_configs/ /opt/pennyprotect/src/deepstream_configs/
COPY docker/pennyprotect /opt/pennyprotect/venv/bin/pennyprotect
RUN chmod 0755 /opt/pennyprotect/venv/bin/pennyprotect \
    && echo /opt/pennyprotect/src > "$(echo /opt/pennyprotect/venv/lib/python3.*/site-packages)/pennyprotect.pth"
ENV PATH=/opt/pennyprotect/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    USE_NEW_NVSTREAMMUX=yes \
    PENNYPROTECT_HEADLESS=1 \
    PENNYPROTECT_HOME=/var/lib/pennyprotect \
    PENNYPROTECT_CACHE=/var/lib/pennyprotect/cache
WORKDIR /var/lib/pennyprotect
VOLUME /var/lib/pennyprotect
USER 10001:10001

FROM deepstream AS worker-gpu
ENV PENNYPROTECT_METRICS=0.0.0.0:9090 \
    XDG_CACHE_HOME=/tmp
EXPOSE 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9090/healthz', timeout=4)"]
ENTRYPOINT ["pennyprotect"]
CMD ["worker-gpu"]

FROM base AS service
COPY --from=web /build/web/dist /opt/pennyprotect/src/web/dist
ENV PENNYPROTECT_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('PENNYPROTECT_PORT', '8000')}/healthz\", timeout=4)"]
CMD ["service"]
