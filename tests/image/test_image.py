"""The image is built and run as its files say, without Docker, and its files are read by a linter and by us."""

import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cometadmin.environment import SETTINGS
from tests.image.steps import ROOT, Image, a_python, cannot, compose, dockerfile, files, instructions, last
from tests.start.product import free_port
from tests.tooling.loading import load

pytestmark = pytest.mark.dbfree
HOST = "keys.example.com"
GIVEN = {"ALLOWED_HOSTS": HOST}
SECRET = re.compile(r"(?i)secret|token|password|passwd|_key")
PROXIED = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}


def test_hadolint_has_nothing_to_say() -> None:
    program = Path(sys.executable).parent / "hadolint"
    if not program.exists():
        cannot("hadolint is not installed for this kind of machine")
    done = subprocess.run([program, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def faults(text: str) -> list[str]:
    """What we ask of a Dockerfile and hadolint does not."""
    steps = instructions(text)
    named = {name: [one for one in steps if one.name == name] for name in ("FROM", "USER", "ADD", "ENV", "ARG", "CMD")}
    found = [
        f"{one.text}: no fixed base"
        for one in named["FROM"]
        if not re.search(r":\d+\.\d+-slim-\w+( AS \w+)?$", one.text)
    ]
    found += [f"ADD {one.text}" for one in named["ADD"]]
    found += [f"a secret: {one.text}" for name in ("ENV", "ARG") for one in named[name] if SECRET.search(one.text)]
    if not named["USER"] or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", named["USER"][-1].text):
        found.append("no user by number")
    if not named["CMD"] or not named["CMD"][-1].text.startswith("["):
        found.append("CMD in a shell")
    if not any(one.name == "HEALTHCHECK" and "CMD [" in one.text for one in steps):
        found.append("no health check without a shell")
    installs = [
        one.text
        for one in steps
        if one.name == "RUN" and re.search(r"pip .*install", one.text) and "uninstall" not in one.text
    ]
    found += [
        f"not locked: {text}" for text in installs if "--require-hashes" not in text or "--no-cache-dir" not in text
    ]
    return found


def test_the_dockerfile_keeps_our_rules() -> None:
    assert faults((ROOT / "Dockerfile").read_text()) == []


@pytest.mark.parametrize(("old", "new", "fault"), [
    ("python:3.13-slim-bookworm AS build", "python:latest AS build", "no fixed base"),
    ("COPY manage.py ./", "ADD manage.py ./", "ADD"),
    ("HOST=0.0.0.0", "SECRET_KEY=x", "a secret"),
    ("USER 10001:10001", "USER root", "no user"),
    ('CMD ["python", "manage.py", "serve"]', "CMD python manage.py serve", "CMD in a shell"),
    ("HEALTHCHECK", "LABEL a=", "no health check"),
    ("--require-hashes ", "", "not locked"),
])  # fmt: skip
def test_each_rule_is_seen_to_be_broken(old: str, new: str, fault: str) -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert old in text

    assert any(fault in one for one in faults(text.replace(old, new)))


def test_all_that_is_copied_is_let_through_to_the_build() -> None:
    let_through = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")
    }
    copied = {one.text.split()[0] for one in dockerfile() if one.name == "COPY" and not one.text.startswith("--from")}

    assert copied == let_through


def test_compose_holds_no_secret_and_waits_for_what_it_needs() -> None:
    found = compose(GIVEN)
    services = found["services"]
    for name, service in services.items():
        assert set(service.get("secrets", ())) <= set(found["secrets"]), name
        for setting, value in service["environment"].items():
            assert not SECRET.search(setting) or str(value).startswith("/run/secrets/"), f"{name}: {setting}"
            assert "DATABASE_URL" not in setting or str(value).startswith("/run/secrets/")
    assert {name for name, service in services.items() if "owner_url" in service.get("secrets", ())} == {"migrate"}
    assert services["web"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["worker"]["depends_on"] == services["web"]["depends_on"]
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert "ports" not in services["database"] and services["database"]["image"].count(":") == 1
    assert all(port.startswith("127.0.0.1:") for port in services["web"]["ports"])


@pytest.mark.parametrize("name", ["web", "worker", "migrate"])
def test_what_runs_of_ours_can_write_no_file_of_the_image_and_has_no_right_of_root(name: str) -> None:
    service = compose(GIVEN)["services"][name]

    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"user", "privileged", "cap_add"} & set(service)


def test_checkpoints_stand_where_the_database_does_not_reach() -> None:
    found = compose(GIVEN)
    services = found["services"]
    volumes = {name: {one.split(":")[0] for one in service.get("volumes", ())} for name, service in services.items()}

    assert volumes == {"database": {"database"}, "migrate": set(), "web": {"checkpoints"}, "worker": {"checkpoints"}}
    assert set(found["volumes"]) == {"database", "checkpoints"}
    for name in ("web", "worker"):  # the one signs exports, the other whatever is due; both verify
        mounted = services[name]["volumes"][0].split(":")[1]
        assert str(Path(services[name]["environment"]["CHECKPOINT_FILE"]).parent) == mounted


def test_compose_passes_every_setting_on_with_its_default() -> None:
    not_asked = {"SECRET_KEY_FALLBACKS", "HOST", "PORT", "PLAIN_HTTP", "WAIT_SCALE"}
    own = {"ALLOWED_HOSTS": HOST, "TRUSTED_PROXY_COUNT": "1", "CHECKPOINT_FILE": "/checkpoints/checkpoints.jsonl"}
    asked = [setting for setting in SETTINGS if setting.name not in not_asked and not setting.secret]
    every = {setting.name: f"given {setting.name}" for setting in asked}

    for name in ("web", "worker"):
        plain, given = (compose(some)["services"][name]["environment"] for some in (GIVEN, every))
        for setting in asked:
            assert plain[setting.name] == own.get(setting.name, setting.default), setting.name
            assert given[setting.name] == every[setting.name]
        assert set(plain) == {setting.name for setting in asked} | {
            f"{setting.name}_FILE" for setting in SETTINGS if setting.secret and setting.name not in not_asked
        }


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Built by following the Dockerfile, as root, from nothing."""
    if os.geteuid() != 0:
        cannot("not root, so the image's user cannot be become")
    root = Path(tempfile.mkdtemp(prefix="image"))
    try:
        root.chmod(0o755)
        built = Image(root)
        built.build(a_python(int(last("USER").text.partition(":")[0])))
        yield built
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def database(image: Image) -> Iterator[str]:
    """Its DATABASE_URL: PostgreSQL as in compose.yaml; where it is not installed, SQLite on the image's volume."""
    with_postgres = load("with_postgres")
    folder = with_postgres.programs()
    if folder is None:
        yield f"sqlite:///{image.real('/data')}/cometadmin.sqlite3"
        return
    with with_postgres.postgres(folder) as url:
        Path(parse_qs(urlsplit(url).query)["host"][0]).chmod(0o711)  # its socket, for the image's user too
        yield url


def put_secrets(image: Image, url: str) -> None:
    """As the README says: the image makes the keys, the database's address is written beside them."""
    folder = Path(image.real("/run/secrets"))
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    os.chown(folder, image.user, image.user)
    code, said = image.done(["python", "manage.py", "make_keys", "/run/secrets"], {})
    assert code == 0, said
    for name, written in (("owner_url", url), ("database_url", url.replace("postgres@", "dashboard:secret@", 1))):
        (folder / name).write_text(written)
        os.chown(folder / name, image.user, image.user)


@contextmanager
def running(image: Image, env: dict[str, str]) -> Iterator[Any]:
    with (image.root / "log").open("w") as log:
        process = image.started(last("CMD").form, env, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 180
        while image.done(last("HEALTHCHECK").form, env)[0] != 0:
            assert process.poll() is None and time.monotonic() < until, (image.root / "log").read_text()
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        assert process.wait(90) == 0, (image.root / "log").read_text()


def fetched(port: int, path: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=PROXIED)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read().decode()


def assert_the_volume_is_what_is_compared(image: Image, env: dict[str, str]) -> None:
    """What the worker signs stands there, its user's own, and verifying misses it when it is gone; no file is named."""
    code, said = image.done(["python", "manage.py", "checkpoint_ledger"], env)
    assert code == 0, said
    file = Path(image.real(env["CHECKPOINT_FILE"]))
    assert file.stat().st_uid == image.user and file.read_text().count("\n") == 1
    assert image.done(["python", "manage.py", "verify_ledger"], env)[0] == 0

    file.unlink()
    code, said = image.done(["python", "manage.py", "verify_ledger"], env)
    assert code == 2 and str(file) in said


def assert_nobody_who_serves_alters_a_record(image: Image, env: dict[str, str]) -> None:
    """On PostgreSQL: the role owns nothing, and can only do what serving needs."""
    if not Path(image.real("/run/secrets/database_url")).read_text().startswith("postgres"):
        return
    script = (
        "from django.db import connection as c; u = c.cursor(); u.execute('SELECT current_user'); print(u.fetchone()); "
    )
    code, said = image.done(["python", "manage.py", "shell", "--no-imports", "-c", script], env)
    assert (code, said.strip()) == (0, "('dashboard',)")
    for statement in (
        "DELETE FROM keys_record",
        "DROP TRIGGER record_no_update ON keys_record",
        "CREATE TABLE t (n int)",
    ):
        code, said = image.done(
            ["python", "manage.py", "shell", "--no-imports", "-c", f"{script}u.execute('{statement}')"], env
        )
        assert code != 0 and "InsufficientPrivilege" in said, statement


def test_what_the_files_say_is_followed_to_a_served_page(image: Image) -> None:
    services = compose(GIVEN)["services"]
    env = {**services["web"]["environment"], "PORT": str(free_port())}
    assert image.user == 10001
    with ExitStack() as stack:
        put_secrets(image, stack.enter_context(database(image)))
        code, said = image.done(services["migrate"]["command"], services["migrate"]["environment"])
        assert code == 0, said
        before = [*files(image.root / "app"), *files(image.root / "venv")]

        stack.enter_context(running(image, env))
        status, _, page = fetched(int(env["PORT"]), "/accounts/login/")
        assert status == 200 and "<h1>" in page
        for sheet in re.findall(r'/static/[^"]+', page):
            status, headers, _ = fetched(int(env["PORT"]), sheet)
            assert status == 200 and "immutable" in headers["Cache-Control"], sheet
        assert fetched(int(env["PORT"]), "/readyz")[0] == 200
        assert_the_volume_is_what_is_compared(image, services["worker"]["environment"])
        assert_nobody_who_serves_alters_a_record(image, env)

        assert [*files(image.root / "app"), *files(image.root / "venv")] == before
    assert image.done(last("HEALTHCHECK").form, env)[0] != 0  # nobody answers any more


def test_its_user_can_write_nothing_of_it_and_nothing_is_left_to_fetch_with(image: Image) -> None:
    writable = image.done(["find", "/app", "/venv", "-writable", "-not", "-type", "l"], {})
    assert writable == (0, "")
    for program in ("/venv/bin/python", "/usr/local/bin/python"):
        code, said = image.done([image.real(program), "-c", "import pip"], {})
        assert code == 1 and "No module named 'pip'" in said


def test_without_its_secrets_it_names_them_and_ends(image: Image) -> None:
    code, said = image.done(last("CMD").form, {})

    assert code == 2 and {"SECRET_KEY", "SEALING_KEYS", "LEDGER_KEYS"} <= set(re.findall(r"^(\w+):", said, re.M))
