"""No one in where they don't belong (promise 10): every route × method × everybody, by a table written by hand."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from keys import http, permissions
from keys.models import Record
from tests.support.mutants import mutated
from tests.support.report import Promise
from tests.support.sandbox import Sandbox
from tests.walls.table import KEY, OPTIONS_ANSWERED, SHORT, cells, rest
from tests.walls.world import ABSENT, PEOPLE, World, build, filled, kept, routes, told

pytestmark = [pytest.mark.django_db, pytest.mark.prove]

ANSWERS = {(cell.method, cell.route, cell.who): cell.answer for cell in cells()}
LINES = list(dict.fromkeys((cell.method, cell.route) for cell in cells()))
ROUTES = list(dict.fromkeys(route for _, route in LINES))
OTHER_METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
REST = rest()
REFUSALS = {"login", "403", "404", "405"}
OF_A_TEAM = [line for line in LINES if "<slug:slug>" in line[1]]


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return build(sandbox)


def test_every_route_is_in_the_table_and_nothing_else() -> None:
    assert sorted(ROUTES) == sorted(routes())


def line_id(line: tuple[str, str]) -> str:
    return f"{line[0]} /{line[1]}"


@pytest.mark.parametrize("line", LINES, ids=line_id)
def test_each_line_of_the_table(line: tuple[str, str], world: World, promise: Promise) -> None:
    promise.number, promise.title = "10", line_id(line)
    for who in PEOPLE:
        promise.tried()
        for wrong in wrongs(*line, who, world):
            promise.broke(wrong)


def wrongs(method: str, route: str, who: str, world: World) -> list[str]:
    """What is wrong with one cell: the answer, something sent or changed on a refusal, a refusal without its record."""
    answer, client = ANSWERS[method, route, who], world.client(who)
    world.ready(route)
    world.sandbox.clear_log()
    before, count = kept(), Record.objects.count()

    got = told(client.generic(method, filled(route, world.address)))

    cell = f"{line_id((method, route))} by {who}"
    found = [] if got == answer else [f"{cell}: {got}, not {answer}"]
    if answer in REFUSALS and world.sandbox.requests():
        found.append(f"{cell}: sent to CometAPI")
    if answer in REFUSALS and kept() != before:
        found.append(f"{cell}: something was changed")
    newest = Record.objects.first()
    if answer == "403" and (Record.objects.count() == count or not newest or newest.action != "access.denied"):
        found.append(f"{cell}: not recorded")
    return found


@pytest.mark.sqlite  # no database decides about methods; `make prove` asks on both
@pytest.mark.parametrize("route", ROUTES)
def test_every_other_method_is_refused(route: str, world: World, promise: Promise) -> None:
    promise.number, promise.title = "10", f"other methods of /{route}"
    clients = {who: world.client(who) for who in PEOPLE}
    before = kept()
    world.sandbox.clear_log()
    for method in (m for m in OTHER_METHODS if (m, route) not in LINES):
        for who, client in clients.items():
            promise.tried()
            answer = REST.get((route, who), "405")
            if method == "OPTIONS" and route in OPTIONS_ANSWERED:
                answer = "200"
            got = told(client.generic(method, filled(route, world.address)))
            if got != answer:
                promise.broke(f"{method} /{route} by {who}: {got}, not {answer}")
    assert kept() == before and world.sandbox.requests() == []


@pytest.mark.sqlite
@pytest.mark.parametrize("route", ROUTES)
def test_head_says_what_get_says(route: str, world: World) -> None:
    if ("GET", route) not in LINES:
        return
    for who in PEOPLE:
        response = world.client(who).head(filled(route, world.address))
        expected = ANSWERS["GET", route, who]
        if "change_id" not in route and "seq" not in route:
            assert (told(response), response.content) == (expected, b""), who


@pytest.mark.parametrize("who", ["no team", "lead B"])
@pytest.mark.parametrize("line", OF_A_TEAM, ids=line_id)
def test_another_teams_and_an_absent_one_answer_alike(line: tuple[str, str], who: str, world: World) -> None:
    method, route = line
    client = world.client(who)
    theirs = client.generic(method, filled(route, world.address))
    absent = client.generic(method, filled(route, {**world.address, "slug": ABSENT["slug"]}))

    assert theirs.status_code == 404
    assert seen(theirs) == seen(absent)


def seen(response: Any) -> tuple[int, str, dict[str, str]]:
    """All that a client sees, but for the request's own id and the token against forgery, which never repeat."""
    text = re.sub(r'("x-csrftoken": "|csrfmiddlewaretoken" value=")\w+', r"\1", response.content.decode())
    headers = {name: value for name, value in response.items() if name != "X-Request-Id"}
    return response.status_code, text, headers


@pytest.mark.parametrize(("method", "route"), [("GET", KEY), ("POST", f"{KEY}disable/"), ("POST", f"{KEY}enable/")])
def test_another_teams_key_under_ones_own_team_is_like_an_absent_one(method: str, route: str, world: World) -> None:
    client = world.client("lead A")
    theirs = client.generic(method, filled(route, {**world.address, "key_id": world.key_b}))
    absent = client.generic(method, filled(route, {**world.address, "key_id": ABSENT["key_id"]}))

    assert told(theirs) == told(absent)
    assert seen(theirs)[1].replace(str(world.key_b), "") == seen(absent)[1].replace(str(ABSENT["key_id"]), "")
    assert world.sandbox.writes() == [] and world.sandbox.key(world.key_b)["status"] == 1


def test_another_teams_record_and_an_absent_one_answer_alike(world: World) -> None:
    client = world.client("lead B")

    theirs, absent = client.get(f"/history/{world.address['seq']}/"), client.get(f"/history/{ABSENT['seq']}/")

    assert theirs.status_code == 404 and seen(theirs) == seen(absent)


@pytest.mark.parametrize("who", ["no team", "lead A", "member"])
def test_a_person_who_is_there_and_one_who_is_not_answer_alike(who: str, world: World) -> None:
    client = world.client(who)

    there, absent = client.get(f"/people/{world.subject.pk}/"), client.get(f"/people/{ABSENT['pk']}/")

    assert there.status_code == 403 and seen(there) == seen(absent)


MUTANTS: dict[str, tuple[Callable[..., Any], str, str, str, str, str]] = {
    "everybody sees every team": (
        permissions.visible_teams,
        "Team.objects.filter(memberships__person=person)",
        "Team.objects.all()",
        "GET",
        "TEAM",
        "lead B",
    ),
    "pages ask for sight alone": (
        http.team_or_404,
        "if verb not in request.verbs:",
        "if False:",
        "POST",
        "TEAM",
        "member",
    ),
    "an auditor who is in a team keeps that role": (
        permissions.acting_role,
        "if person.company_role != CompanyRole.NONE:",
        "if person.company_role == CompanyRole.ADMIN:",
        "GET",
        "people/",
        "auditor",
    ),
    "a refusal leaves no record": (
        http.team_or_404,
        "record_denial(actor_of(request, team), verb, team)",
        "pass",
        "POST",
        "KEY/disable/",
        "auditor",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_are_caught(name: str, world: World, promise: Promise) -> None:
    promise.number, promise.title = "10", "mutants of the walls"
    function, old, new, method, route, who = MUTANTS[name]
    with mutated(function, old, new):
        found = wrongs(method, SHORT.get(route, route), who, world)
    assert found, f"not caught: {name}"
    promise.caught(name)


def test_a_session_of_somebody_else_is_nobodys(world: World) -> None:
    client = Client()
    client.cookies["sessionid"] = "x" * 32

    assert told(client.get("/teams/")) == "login"


def test_another_teams_leak_and_an_absent_one_answer_alike(world: World) -> None:
    clients = {who: world.client(who) for who in ("no team", "lead B", "member")}
    for deed in ("", "disable/", "look/", "ask/", "note/", "close/"):
        method = "POST" if deed else "GET"
        for who, client in clients.items():
            theirs = client.generic(method, f"/leaks/{world.leak.pk}/{deed}")
            absent = client.generic(method, f"/leaks/{ABSENT['number']}/{deed}")
            assert theirs.status_code == 404 and seen(theirs) == seen(absent), (deed, who)
