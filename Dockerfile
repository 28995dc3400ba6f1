# The dashboard, as `manage.py serve` runs it; with the command `python manage.py worker` the same image works beside it.
# Secrets come as files when it runs (README, "In containers"); none is needed
# to build. tests/image follows these steps without Docker.
FROM python:3.13-slim-bookworm AS build

WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r requirements/base.txt

COPY manage.py ./
COPY cometadmin cometadmin
COPY keys keys
COPY templates templates
COPY static static
RUN /venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /venv/bin/python -m compileall -q manage.py cometadmin keys

FROM python:3.13-slim-bookworm

# Nothing that builds or fetches stays; what runs belongs to root. /data is for a volume, where SQLite is enough;
# /checkpoints for another. A volume that is new takes over whose folder it is laid on.
RUN /usr/local/bin/python -m pip uninstall --yes --quiet --root-user-action=ignore pip \
    && install -d -o 10001 -g 10001 -m 0700 /data /checkpoints
COPY --from=build /venv /venv
COPY --from=build /app /app

ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000

WORKDIR /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/healthz', headers={'Host': 'localhost'}); sys.exit(c.getresponse().status >= 500)"]
CMD ["python", "manage.py", "serve"]
