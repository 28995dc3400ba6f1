# The dashboard, as `manage.py serve` runs it; the same image with the command `python manage.py worker` works beside it.
# Secrets come as files: -e SECRET_KEY_FILE=… and so on (README, settings).
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/cometadmin.sqlite3 \
    HOST=0.0.0.0

WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements/base.txt

COPY manage.py ./
COPY cometadmin cometadmin
COPY keys keys
COPY templates templates
COPY static static
RUN python manage.py collectstatic --no-input --verbosity 0 \
    && useradd --system --uid 10001 --no-create-home cometadmin \
    && install --directory --owner 10001 --mode 0700 /data

USER 10001
VOLUME /data
EXPOSE 8000
CMD ["python", "manage.py", "serve"]
