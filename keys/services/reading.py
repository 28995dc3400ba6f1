"""Reading a team's keys for pages: a page of the list, and what a key's group may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class GroupChoices:
    """names: the groups that a key may get, None when nobody can say. about: what CometAPI says of some of them.

    guessed: CometAPI does not list them now, so there may be others.
    """

    names: tuple[str, ...] | None
    about: Mapping[str, str] = field(default_factory=dict)
    guessed: bool = False


def group_choices(team: Team, key: KeySnapshot) -> GroupChoices:
    """The account's groups where CometAPI lists them, else the team's own, those in use, and the key's.

    A group that CometAPI's list leaves out is lost, the key's own too. Upstream trouble never is an error here.
    """
    client = client_for(team)
    deadline = Deadline.after(settings.WAITS.page_s / 2)
    own = {line.strip() for line in team.groups.splitlines()}
    try:
        groups = client.groups(deadline)
        if groups is not None:
            about = {group.name: group.description for group in groups if group.description not in ("", group.name)}
            return GroupChoices(tuple(sorted({group.name for group in groups} - {""})), about)
        named = own | {item.settings.group for item in client.list_keys(1, SAMPLE, deadline).items}
    except UpstreamError:
        named = own
    names = tuple(sorted({*named, key.settings.group} - {""})) if named else None
    return GroupChoices(names, guessed=names is not None)
