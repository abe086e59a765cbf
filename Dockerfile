FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
# What builds the wheel, pip as well, stays in this stage: what runs is in /opt/troth, and nothing else is.
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
    && python -m venv --without-pip /opt/troth \
    && /opt/build/bin/pip --python /opt/troth/bin/python install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app ./app
COPY migrations ./migrations
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /tmp/wheels . \
    && /opt/build/bin/pip --python /opt/troth/bin/python install --no-cache-dir --no-index --no-deps /tmp/wheels/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/troth troth
COPY --from=build /opt/troth /opt/troth
USER 10001
WORKDIR /var/lib/troth
# The embedded database (sqlite:///troth.db) is a file here; with PostgreSQL the folder stays empty.
VOLUME /var/lib/troth
ENV PATH=/opt/troth/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TROTH_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\", \"8000\")}/readyz', timeout=2)"]
CMD ["troth", "serve"]
