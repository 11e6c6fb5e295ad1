# One image for every service: docker run … throughline -m services.intake.app
# Everything in it comes from a lock, by hash, and from this directory.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG LOCK=requirements-services.lock

FROM ${PYTHON_IMAGE} AS build
ARG LOCK
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements-services.lock requirements-demo.lock ./
RUN python3 -m venv --without-pip /opt/throughline \
 && python3 -m pip --python /opt/throughline/bin/python install --quiet --no-compile --require-hashes --no-deps --only-binary :all: -r "${LOCK}"
COPY contracts contracts
COPY infra infra
COPY services services
COPY deploy deploy
# Read-only at run time, so compiled now (but for data that is never imported); by hash, so that two builds are alike.
RUN python3 -m deploy.sbom "${LOCK}" > sbom.cdx.json \
 && /opt/throughline/bin/python -m compileall -q -j 0 -x '/(geodata|carrierdata|tzdata|tests)/' --invalidation-mode unchecked-hash /app /opt/throughline/lib \
 && printf '#!/opt/throughline/bin/python\nfrom deploy.cli import main\nmain()\n' > /opt/throughline/bin/throughline \
 && chmod 0755 /opt/throughline/bin/throughline \
 && mkdir -p /image/opt /owned/state /owned/demo \
 && cp -a /opt/throughline /image/opt/ && cp -a /app /image/ \
 && find /image /owned -exec touch --no-dereference --date=@0 {} +

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="throughline" \
      org.opencontainers.image.description="Coordinates behavioral-health care on top of the EHRs that document it" \
      org.opencontainers.image.licenses="Apache-2.0"
# Whole roots, so that directories keep their times too: what COPY makes by itself is as old as the build.
COPY --from=build /image/ /
# where a development deployment keeps the key of its own issuer, and its demo what it has fed: volumes laid over them belong to the same user
COPY --from=build --chown=10001:10001 /owned/ /
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app HOME=/tmp PATH=/opt/throughline/bin:$PATH
WORKDIR /app
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/throughline/bin/python"]
