"""Django's settings: one file, read once from the environment (`cometadmin.environment` has the table).

Sections: what was given, apps, requests, templates, database, people, transport, content security, static files,
words and time, logging, ours.
"""

import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from cometadmin import environment, logging
from keys.types import Waits

BASE_DIR = Path(__file__).resolve().parent.parent

# What was given. Faults are told by cometadmin.startup, so that commands which need no secrets still run.
_given, SETTINGS_FAULTS = environment.read(os.environ)
SECRET_KEY: str = _given["SECRET_KEY"]
SECRET_KEY_FALLBACKS: list[str] = _given["SECRET_KEY_FALLBACKS"]
PLAIN_HTTP: bool = _given["PLAIN_HTTP"]
ALLOWED_HOSTS: list[str] = _given["ALLOWED_HOSTS"]
DEBUG = False  # never, in the demo neither

# Apps
INSTALLED_APPS = [
    "keys",  # first: its commands and templates win over those of the apps below
    "cometadmin.sandbox",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "heroicons",
]
ROOT_URLCONF = "cometadmin.urls"
WSGI_APPLICATION = "cometadmin.wsgi.application"

# Requests
MIDDLEWARE = [
    "cometadmin.middleware.RequestIdentity",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "cometadmin.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cometadmin.middleware.RequestLog",
    "cometadmin.middleware.NeverStored",
    "cometadmin.middleware.RefuseHostile",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cometadmin.middleware.PersonTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cometadmin.middleware.FragmentSignIn",
    "cometadmin.middleware.PageForMethods",
    "allauth.account.middleware.AccountMiddleware",
]
TRUSTED_PROXY_COUNT: int = _given["TRUSTED_PROXY_COUNT"]
# A body fits into memory or is refused, and nothing is written to a temporary file. What may be sent to which address
# is told by cometadmin.middleware.RefuseHostile before anything is read; these are the most that any may take.
BODY_MAX_BYTES = 2_621_440
LEAK_BODY_MAX_BYTES = 16 * 1024 * 1024 + 65_536
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = LEAK_BODY_MAX_BYTES
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# Templates
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "keys.views.attention.attention",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"


# Database
def _sqlite(given: dict[str, Any]) -> dict[str, Any]:
    # FULL, not NORMAL: an intent must be on the disk before anything is sent. IMMEDIATE: writers queue, never deadlock.
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    # 60 s: its waiting is not fair, and of 16 busy writers one in a thousand was passed over for more than 20.
    options = {"transaction_mode": "IMMEDIATE", "timeout": 60, "init_command": pragmas}
    return {**given, "NAME": str(BASE_DIR / given["NAME"]), "OPTIONS": {**given.get("OPTIONS", {}), **options}}


def _postgresql(given: dict[str, Any]) -> dict[str, Any]:
    from psycopg import IsolationLevel  # only where PostgreSQL is used

    leak_desk = 8  # its threads, and what they call beside (keys.services.leaks.fan_out)
    pool = {"min_size": 0, "max_size": _given["WEB_THREADS"] + 2 + leak_desk, "timeout": 10}
    # Without jit: a page of a large history took 2 s of compiling for 0.1 s of work. Statements that come again are
    # prepared, which spares parsing them, but planned for their values each time: a general plan misses the partial
    # indexes. What DATABASE_URL says wins: a pooler that does not know prepared statements wants server_side_binding=0.
    server = "-c jit=off -c plan_cache_mode=force_custom_plan"
    options = {"connect_timeout": 5, "options": server, "server_side_binding": True, "prepare_threshold": 2}
    options |= given.get("OPTIONS", {})
    options |= {"isolation_level": IsolationLevel.READ_COMMITTED, "pool": pool}
    return {**given, "OPTIONS": options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}


def _database(given: dict[str, Any]) -> dict[str, Any]:
    """{} for a faulty DATABASE_URL: Django then refuses every query, and no other database is touched instead."""
    if not given:
        return {}
    return _sqlite(given) if given["ENGINE"].endswith("sqlite3") else _postgresql(given)


DATABASES = {"default": _database(_given["DATABASE_URL"])}  # without ATOMIC_REQUESTS: see cometadmin.startup
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}

# People
AUTH_USER_MODEL = "keys.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "keys.views.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]  # only to please allauth: nobody can sign up
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,5/5m/key", "change_password": "5/m/user"}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

# Transport: everything that plain http forbids hangs on this one setting.
_prefix = "" if PLAIN_HTTP else "__Host-"
SESSION_COOKIE_NAME = f"{_prefix}sessionid"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds
SESSION_COOKIE_SECURE = not PLAIN_HTTP
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{_prefix}csrftoken"
CSRF_COOKIE_SECURE = not PLAIN_HTTP
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "keys.views.kept.csrf_failure"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = not PLAIN_HTTP
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if PLAIN_HTTP else 365 * 24 * 60 * 60
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# HSTS for other hosts of the same domain, and for ever, is for the domain's owner to decide, not for a dashboard in it.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# Content security
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Static files
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Words and time
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_TIME_ZONE: str = _given["DEFAULT_TIME_ZONE"]
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

# Logging
LOG_LEVEL: str = _given["LOG_LEVEL"]
LOGGING_CONFIG = "cometadmin.logging.configure"
LOGGING = logging.config(LOG_LEVEL)

# Ours
SEALING_KEYS: dict[str, bytes] = _given["SEALING_KEYS"]
LEDGER_KEYS: dict[str, bytes] = _given["LEDGER_KEYS"]
FINGERPRINT_KEYS: dict[str, bytes] = _given["FINGERPRINT_KEYS"]
CHECKPOINT_KEYS: dict[str, bytes] = _given["CHECKPOINT_KEYS"]
CHECKPOINT_FILE: Path | None = _given["CHECKPOINT_FILE"]
SHIP_RECORDS: bool = _given["SHIP_RECORDS"]
COMETAPI_BASE_URL: str = _given["COMETAPI_BASE_URL"]
COMETAPI_RATE: tuple[int, float] = _given["COMETAPI_RATE_LIMIT"]
SYNC_EVERY_S: int = _given["SYNC_EVERY_S"]
QUOTA_UNITS_PER_USD: int = _given["QUOTA_UNITS_PER_USD"]
AUTO_GROUPS: tuple[str, ...] = _given["AUTO_GROUPS"]
WAITS = Waits().scaled(_given["WAIT_SCALE"])
HOST: str = _given["HOST"]
PORT: int = _given["PORT"]
WEB_PROCESSES: int = _given["WEB_PROCESSES"]
WEB_THREADS: int = _given["WEB_THREADS"]
