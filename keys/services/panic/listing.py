"""Which keys there are: a full listing of now, in slices; the mirror's where CometAPI cannot list them."""

from django.conf import settings
from django.utils import timezone

from keys.cometapi.client import CometClient
from keys.errors import Unclear, UpstreamError
from keys.models import MirrorKey, Panic, PanicItem
from keys.redact import escape_visible
from keys.services import settle
from keys.services.panic.items import change_of, put
from keys.types import Deadline, KeyPage, KeySnapshot, Status

PAGE = 100
"""Keys a request: upstream's own most (cometapi.md, "Endpoints")."""
State = PanicItem.State


def read_page(client: CometClient, number: int) -> KeyPage:
    return client.list_keys(number, PAGE, Deadline.after(settings.WAITS.page_s))


def go_on(panic: Panic, client: CometClient, until: Deadline) -> bool:
    """List on; True when all was listed. What does not read disabled becomes an item, or waits again.

    Keys that are made meanwhile shift the pages towards the end, where they are met again (trap 15); what is deleted
    shifts them the other way, and what slips through is found by the listing that checks. Raises UpstreamError, also
    for a list that ends before its own total or never does: what it hides would be left enabled, and called done.
    """
    if panic.next_page == 1:
        panic.listed_at, panic.skipped = timezone.now(), 0
    before: list[int] = []
    while not until.passed:
        page = read_page(client, panic.next_page)
        ids = [key.id for key in page.items]
        if ids and ids == before:
            raise Unclear("CometAPI's list of keys repeats one page for ever.", kind="list_repeats")
        before = ids
        _take_in(panic, page)
        full = len(page.items) + page.skipped >= page.page_size
        panic.skipped += page.skipped
        panic.next_page = panic.next_page + 1 if full else 1
        panic.save(update_fields=("listed_at", "skipped", "next_page", "already"))
        if not full:
            if (page.page - 1) * page.page_size + len(page.items) + page.skipped < page.total:
                raise Unclear("CometAPI's list of keys is shorter than it says.", kind="list_short")
            return True
    return False


def from_mirror(panic: Panic, error: UpstreamError) -> None:
    """CometAPI cannot list its keys: those that we know of are disabled, and it is said."""
    known = MirrorKey.objects.filter(team=panic.team, gone_at=None).exclude(status=Status.DISABLED)
    have = set(panic.items.values_list("key_id", flat=True))
    now = timezone.now()
    rows = known.values("account_id", "key_id", "name", "masked")
    PanicItem.objects.bulk_create([PanicItem(panic=panic, at=now, **row) for row in rows if row["key_id"] not in have])
    panic.unlisted, panic.next_page = error.kind[:40], 1
    panic.save(update_fields=("unlisted", "next_page"))


def _take_in(panic: Panic, page: KeyPage) -> None:
    ids = [key.id for key in page.items]
    have = {item.key_id: item for item in panic.items.filter(key_id__in=ids)}
    known = set(MirrorKey.objects.filter(team=panic.team, key_id__in=ids).values_list("key_id", flat=True))
    new = []
    for key in page.items:
        disabled, item = key.settings.status == Status.DISABLED, have.get(key.id)
        if item is None and disabled:
            panic.already += panic.phase == Panic.Phase.LISTING
        elif item is None:
            new.append(_item(panic, key, page.page, key.id not in known))
        elif not disabled:
            _enabled(item, page.page)
        elif item.state in (State.FAILED, State.LEFT):
            put(item, State.DONE, why="", message="")  # by somebody else, or late: it is as it was wanted
    PanicItem.objects.bulk_create(new)


def _item(panic: Panic, key: KeySnapshot, page: int, fresh: bool) -> PanicItem:
    name, masked = escape_visible(key.settings.name), key.masked[:200]
    own = {"panic": panic, "account_id": key.user_id, "key_id": key.id, "name": name, "masked": masked}
    return PanicItem(**own, page=page, fresh=fresh, at=timezone.now())


def _enabled(item: PanicItem, page: int) -> None:
    """It reads enabled, at the check: disabled again, unless somebody has enabled it here on purpose since."""
    if item.state in (State.DONE, State.LEFT):
        came_back = item.state == State.DONE
        if settle.enabled_since(change_of(item.change_id)):
            put(item, State.LEFT, why="enabled_here")
        else:
            why = "came_back" if came_back else ""
            put(item, State.WAITING, page=page, why=why, tries=0, came_back=item.came_back + came_back)
    elif item.state in (State.FAILED, State.GONE):
        put(item, State.WAITING, page=page, tries=0)
