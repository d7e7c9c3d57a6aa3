# syntax=docker/dockerfile:1
# The image: the package and its dependencies from the lock file, nothing else, run by nobody in particular.
#
#   docker build -t ga4gh-access-broker .
#   docker run --rm -v broker:/data -e BROKER_ISSUER=https://broker.example ga4gh-access-broker init
#   docker run --read-only -v broker:/data -e BROKER_ISSUER=https://broker.example -p 127.0.0.1:8080:8080 ga4gh-access-broker
#
# The patch release of the base is pinned. Pin its digest too (…@sha256:…) once you have checked it.

FROM python:3.13.9-slim-trixie AS build
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.8
ENV UV_PROJECT_ENVIRONMENT=/opt/broker UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY broker broker
COPY config config
COPY schemas schemas
# The same command as `make install`.
RUN uv sync --quiet --locked --no-dev --no-editable

FROM python:3.13.9-slim-trixie
COPY --from=build /opt/broker /opt/broker
RUN install -d -o 65532 -g 65532 -m 0700 /data
ENV PATH=/opt/broker/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    BROKER_HOST=0.0.0.0 BROKER_PORT=8080 BROKER_STATE=/data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["broker"]
CMD ["serve"]
