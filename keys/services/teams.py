"""Teams: added and edited by admins. Who belongs to them is in `keys.services.people`, their access token beside it."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext

from keys.errors import Invalid
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Person, Team
from keys.permissions import Verb
from keys.services import access_tokens
from keys.services.denials import demand
from keys.services.typed import invalid, one_line, refuse_bad_text
from keys.types import Account, Actor

RESERVED_SLUGS: Final = frozenset({"new"})
"""Words that stand where a team's short name stands in an address."""
GROUP_LENGTH: Final = 64
GROUPS_AT_MOST: Final = 200


def team_add(*, person: Person | None, actor: Actor, name: str, slug: str = "", token: str = "") -> Team:
    """Add a team, with its access token if one is given; both or neither.

    slug: made from the name where empty. Raises Denied, Invalid (TokenUnusable among them), LedgerUnavailable.
    """
    demand(person, actor, Verb.ADD_TEAM)
    team = Team(name=one_line(name), slug=slug.strip().lower())
    refuse_bad_text({"name": team.name, "slug": team.slug})
    _check(team, slug_may_be_empty=True)
    account: Account | None = None
    if token.strip():
        account = access_tokens.account_behind(token, account_id=None, header=False)
    with book.opened() as ledger:
        team.slug = team.slug or _free_slug(team.name)
        _check(team)
        team.save(force_insert=True)
        changed = {"name": ["", team.name], "slug": ["", team.slug]}
        ledger.append(book.Entry(action=Action.TEAM_ADD, actor=actor, body={"changed": changed}, team=team))
        if account:
            access_tokens.store_tested(ledger, actor, team, access_tokens.clean(token), account)
    return team


def team_edit(
    *, person: Person | None, actor: Actor, team: Team, name: str, groups: str, send_account_header: bool
) -> Team:
    """Write a team's own settings; unchanged ones make no record. groups: one a line.

    Raises Denied, Invalid, LedgerUnavailable.
    """
    demand(person, actor, Verb.MANAGE_TEAM, team)
    wanted: dict[str, Any] = {
        "name": one_line(name),
        "groups": clean_groups(groups),
        "send_account_header": send_account_header,
    }
    refuse_bad_text({"name": wanted["name"], "groups": wanted["groups"].replace("\n", " ")})
    with book.opened() as ledger:
        kept = Team.objects.get(pk=team.pk)
        changed = {f: [getattr(kept, f), value] for f, value in wanted.items() if getattr(kept, f) != value}
        for field, (_old, new) in changed.items():
            setattr(kept, field, new)
        _check(kept)
        if changed:
            kept.save(update_fields=list(changed))
            ledger.append(book.Entry(action=Action.TEAM_EDIT, actor=actor, body={"changed": changed}, team=kept))
    return kept


def clean_groups(text: str) -> str:
    """One group a line, trimmed, none twice, in the order given. Raises Invalid."""
    groups = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if any(len(group) > GROUP_LENGTH or "," in group for group in groups) or len(groups) > GROUPS_AT_MOST:
        words = gettext(
            "Write one group a line, without commas, each of at most %(length)d characters, at most %(count)d."
        )
        raise Invalid({"groups": [words % {"length": GROUP_LENGTH, "count": GROUPS_AT_MOST}]})
    return "\n".join(groups)


def _check(team: Team, *, slug_may_be_empty: bool = False) -> None:
    try:
        team.full_clean(exclude=["slug"] if slug_may_be_empty and not team.slug else None)
    except ValidationError as error:
        raise invalid(error) from None
    if team.slug in RESERVED_SLUGS:
        raise Invalid({"slug": [gettext("This short name is taken by a page of the dashboard.")]})


def _free_slug(name: str) -> str:
    """A short name made from the name, numbered where it is taken; `team` for a name without Latin letters."""
    base = slugify(name)[:40].strip("-_") or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | RESERVED_SLUGS
    count, slug = 1, base
    while slug in taken:
        count += 1
        slug = f"{base}-{count}"
    return slug
