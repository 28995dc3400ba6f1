"""How the pictures of the press that disables all keys come about."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone

from keys.models import Job, Panic, Person, WorkerLane
from keys.services import jobs, lanes, schedule
from keys.services.panic import pressing
from keys.types import Actor, ActorKind, Lane
from tests.e2e.conftest import App
from tests.mirror import support

Way = Callable[[Any, App], None]


@contextmanager
def worker() -> Iterator[None]:
    """The worker's two lanes, in threads of this process."""
    over = threading.Event()

    def work(lane: Lane) -> None:
        try:
            while not over.is_set():
                if not lanes.once(lane, f"test:{lane}"):
                    over.wait(0.1)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(lane,)) for lane in Lane]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def works() -> None:
    now = timezone.now()
    WorkerLane.objects.create(name="test:1", lane="urgent", started_at=now, heartbeat_at=now)


def listed(app: App) -> None:
    support.listed(app.house.team)


def form(page: Any, app: App) -> None:
    listed(app)
    page.goto(f"{app.url}/teams/atlas/panic/")
    page.get_by_label("Type the number").wait_for()


def refused(page: Any, app: App) -> None:
    form(page, app)
    page.get_by_label("Type the number").fill("12")
    page.get_by_label("Reason").fill("The laptop with all of them was stolen")
    page.get_by_role("button", name="Disable 9 keys").click()
    page.get_by_text("That is not the number").wait_for()


def pressed(app: App) -> Panic:
    listed(app)
    lead = Person.objects.get(username="lead")
    actor = Actor(ActorKind.PERSON, str(lead.pk), "lead", "lead", "127.0.0.1", "r1")
    reason = "The laptop with all of them was stolen"
    return pressing.press(person=lead, actor=actor, team=app.house.team, typed=9, reason=reason)


def shown(page: Any, app: App, panic: Panic) -> None:
    """Still, for a picture."""
    page.route("**/panic/*/**", lambda route: route.fulfill(status=204) if is_part(route) else route.continue_())
    page.goto(f"{app.url}/teams/atlas/panic/{panic.pk}/")
    page.locator("#panic").wait_for()


def is_part(route: Any) -> bool:
    return "hx-request" in route.request.headers


def going_on(page: Any, app: App) -> None:
    """A worker is at it: some are through, one was refused, one is not known yet."""
    panic = pressed(app)
    app.house.sandbox.fault("refusal", operation="update", key_id=app.house.keys["plain"], times=99)
    for _ in range(2):
        run(panic)
    Panic.objects.filter(pk=panic.pk).update(phase="working")
    for state, name in (("waiting", "Production"), ("unknown", "Customer portal"), ("sending", "Batch translations")):
        panic.items.filter(name=name).update(state=state)
    works()
    shown(page, app, panic)


def run(panic: Panic) -> None:
    """One slice, as the worker does it."""
    Job.objects.filter(pk=panic.job_id or 0).update(due_at=timezone.now())
    job = jobs.claim_this(panic.job_id or 0)
    assert job
    schedule.run_job(job)


def done(page: Any, app: App) -> None:
    panic = pressed(app)
    works()
    while panic.phase != "checking":
        run(panic)
        panic.refresh_from_db()
    shown(page, app, panic)
    page.get_by_text("All 9 read disabled").wait_for()


def alone(page: Any, app: App) -> None:
    shown(page, app, pressed(app))
    page.get_by_text("No background worker is running").first.wait_for()


def undone(page: Any, app: App) -> None:
    done(page, app)
    page.get_by_role("button", name="Enable these 9 keys again").click()
    page.get_by_text("What is undone by this").wait_for()
    panic = Panic.objects.latest("pk")
    while panic.phase != "over":
        run(panic)
        panic.refresh_from_db()
    shown(page, app, panic)


PANIC_PAGES: dict[str, tuple[str, Way]] = {
    "panic": ("lead", form),
    "panic-refused": ("lead", refused),
    "panic-going-on": ("lead", going_on),
    "panic-done": ("lead", done),
    "panic-alone": ("lead", alone),
    "panic-undone": ("lead", undone),
}
