"""“Changed field” of the history's filter: every field that a record may tell as changed is offered, and finds."""

import re

import pytest
from django.test import Client
from django.utils.html import escape

from keys.ledger import recordable
from keys.ledger.actions import Action
from keys.ledger.labels import FIELDS
from keys.models import CompanyRole
from keys.selectors.known import FIELDS_OFFERED
from tests.ledger.making import append
from tests.people import making

pytestmark = pytest.mark.django_db

NEVER_CHANGED = {
    *("id", "user_id", "masked", "created_time", "accessed_time", "used_quota"),  # read, and changed by CometAPI alone
    *("last_name", "active"),  # we keep one name; a membership is told by its role
    *("account_id", "account_name", "last_four", "token_state"),  # told by the records of access tokens as they are
    *("sealing_key", "ledger_key"),
}


def test_every_field_that_a_record_tells_as_changed_is_offered_by_its_words() -> None:
    assert set(recordable.FIELDS) == {*FIELDS_OFFERED, *NEVER_CHANGED}
    assert set(FIELDS_OFFERED).isdisjoint(NEVER_CHANGED) and len(set(FIELDS_OFFERED)) == len(FIELDS_OFFERED)

    client = Client()
    client.force_login(making.person("ann", CompanyRole.ADMIN))
    page = client.get("/history/").content.decode()
    select = re.search(r'<select name="field".*?</select>', page, re.S)
    assert select
    offered = dict(re.findall(r'<option value="(\w+)">([^<]+)</option>', select[0]))
    assert offered == {name: escape(str(FIELDS[name])) for name in FIELDS_OFFERED}
    assert len(set(offered.values())) == len(offered)  # no two by the same words


@pytest.mark.parametrize("name", ["owner", "purpose", "tags", "limit", "time_zone", "first_name", "slug"])
def test_what_is_offered_finds(name: str) -> None:
    append(action=Action.KEY_NOTE, body={"changed": {name: ["before", "after"]}})
    append(action=Action.KEY_NOTE, body={"changed": {"name": ["before", "after"]}})
    client = Client()
    client.force_login(making.person("ann", CompanyRole.ADMIN))

    answer = client.get(f"/history/?field={name}")

    assert answer.status_code == 200
    assert re.findall(r'href="/history/(\d+)/"', answer.content.decode()) == ["1"]
