"""Reading a team's keys for pages: a page of the list, and what a key's group may be."""

from django.conf import settings

from keys.errors import UpstreamError
from keys.models import Team, TokenState
from keys.services.access_tokens import client_for, note_state
from keys.types import Deadline, KeyPage, KeySnapshot

PAGE = 50
"""Keys a page, straight from upstream."""
SAMPLE = 100
"""How many keys are looked at for the groups in use: the most that one request gives."""


def list_page(team: Team, number: int) -> KeyPage:
    """One page of the list as CometAPI has it now. Raises UpstreamError, NoAccessToken."""
    found = client_for(team).list_keys(number, PAGE, Deadline.after(settings.WAITS.page_s))
    note_state(team, TokenState.ACCEPTED)
    return found


def group_choices(team: Team, key: KeySnapshot) -> tuple[str, ...] | None:
    """The groups that a key may get: the account's where CometAPI lists them, else the team's own and those in use.

    The key's own group is always among them. None when nobody can say: upstream trouble never is an error here.
    """
    listed = _listed(team)
    if listed is None:
        return None
    return tuple(sorted({*listed, key.settings.group} - {""}))


def _listed(team: Team) -> set[str] | None:
    client = client_for(team)
    deadline = Deadline.after(settings.WAITS.page_s / 2)
    own = {line.strip() for line in team.groups.splitlines()}
    try:
        groups = client.groups(deadline)
        if groups is not None:
            return {group.name for group in groups}
        return own | {item.settings.group for item in client.list_keys(1, SAMPLE, deadline).items}
    except UpstreamError:
        return own or None
