"""How PostgreSQL is spoken to: nothing is compiled, and what comes again is parsed once and planned each time."""

from typing import Any

import pytest
from django.db import connection

from cometadmin.settings import _postgresql
from keys.models import Team

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def shown(setting: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(("setting", "value"), [("jit", "off"), ("plan_cache_mode", "force_custom_plan")])
def test_its_settings(setting: str, value: str) -> None:
    assert shown(setting) == value


def test_a_statement_that_comes_again_is_prepared() -> None:
    for number in range(4):
        assert not Team.objects.filter(slug=f"team-{number}").exists()

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [statement for (statement,) in cursor.fetchall()]
    assert any('"keys_team"."slug" = $' in statement for statement in prepared), prepared


def test_what_the_address_says_wins() -> None:
    given = {"OPTIONS": {"server_side_binding": 0, "options": "-c work_mem=8MB"}}

    options = _postgresql(given)["OPTIONS"]

    assert (options["server_side_binding"], options["options"]) == (0, "-c work_mem=8MB")
