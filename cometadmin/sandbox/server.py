"""The server: a listener, a thread for each connection, one request after the other on it."""

import contextlib
import socket
import threading
import time
from io import BufferedReader
from typing import Any

from . import fault_kinds
from .calls import lenient_body
from .control import Control
from .faults import Fault, Faults, Strike
from .hooks import Hooks
from .http11 import BadRequest, Request, Response, as_json, encode, read_body, read_request
from .journal import Entry, new_entry
from .matching import Subject
from .routes import Limits, dispatch, meant_key, operation_of, packed
from .state import State
from .wire import Wire

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SAVE_EVERY_S = 2.0
ENDING_S = 0.05


def is_loopback(host: str) -> bool:
    return host in LOOPBACK or host.startswith("127.")


class Server:
    """Listens on loopback alone. Raises ValueError for any other host, OSError for a taken port."""

    def __init__(self, state: State, host: str = "127.0.0.1", port: int = 0) -> None:
        if not is_loopback(host):
            raise ValueError(f"the sandbox listens on loopback only, not on {host}")
        self.state = state
        self.faults = Faults(fault_kinds.KINDS)
        self.hooks = Hooks(state)
        self.control = Control(state, self.faults, self.hooks, self.go_down)
        self._limits = Limits()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._wires: set[Wire] = set()
        self._listener = _bound(host, port)
        self.host, self.port = host, int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        self._listen()
        threading.Thread(target=self._keep_saved, daemon=True).start()

    def stop(self) -> None:
        """Ends every connection and writes the state."""
        self._stopping.set()
        self.hooks.clear()
        _unlisten(self._listener)
        self._listener.close()
        for wire in self._open_wires():
            wire.shut()
        self.state.save()

    def go_down(self, seconds: float, besides: Wire | None = None) -> None:
        """From now on connections are refused for so long; open ones end, with their answer. The port stays ours.

        One that has just been answered is given a moment to end, so that nobody can send on it any more.
        """
        _unlisten(self._listener)
        others = [wire for wire in self._open_wires() if wire is not besides]
        for wire in others:
            wire.closed = True
            if wire.idle:
                wire.shut()
        end = time.monotonic() + ENDING_S
        while time.monotonic() < end and not self._wires.isdisjoint(others):
            time.sleep(0.001)
        timer = threading.Timer(seconds, self._listen)
        timer.daemon = True
        timer.start()

    def _listen(self) -> None:
        if self._stopping.is_set():
            return
        self._listener.listen(256)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection, str(peer[0])), daemon=True).start()

    def _converse(self, connection: socket.socket, peer: str) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire(connection, self._stopping)
        with self._lock:
            self._wires.add(wire)
        try:
            with connection.makefile("rb") as stream:
                while not wire.closed and not self._stopping.is_set():
                    if not self._one(wire, stream, peer):
                        break
        except OSError:
            pass  # the client left, or this end was reset on purpose
        finally:
            with self._lock:
                self._wires.discard(wire)
            connection.close()

    def _one(self, wire: Wire, stream: BufferedReader, peer: str) -> bool:
        """Reads and answers one request; whether another may follow."""
        wire.idle = True
        if wire.closed:  # the server went down between two requests
            return False
        try:
            request = read_request(stream, peer)
            wire.idle = False
            if request is None:
                return False
            if request.headers.get("expect", "").lower() == "100-continue":
                wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.body = read_body(stream, request.headers)
        except BadRequest as error:
            wire.respond(Response(400, f"400 Bad Request: {error}".encode()), keep_alive=False)
            return False
        if request.path.startswith("/_sandbox/"):
            self._control(wire, request)
        else:
            self._serve(wire, request)
        return request.keep_alive and not wire.closed

    def _control(self, wire: Wire, request: Request) -> None:
        if not is_loopback(request.peer):
            wire.respond(as_json({"error": "loopback only"}, 403), keep_alive=False)
            return
        body = lenient_body(request)
        status, answer = self.control.handle(
            request.method, request.path, request.query, body if isinstance(body, dict) else {}
        )
        wire.respond(Response(status, encode(answer), [("Content-Type", "application/json")]), request.keep_alive)

    def _serve(self, wire: Wire, request: Request) -> None:
        entry = self._open_entry(request)
        subject = Subject(request.method, request.path, entry["operation"], entry["key_id"], entry["account"])
        fault = self.faults.take(subject)
        if self.state.config.latency_s:
            wire.wait(self.state.config.latency_s)
        try:
            if fault is None:
                response = self._apply(request, entry, subject)
                entry["status"] = response.status
                answer = packed(self.state, request, response)
                wire.respond(answer, request.keep_alive, request.method == "HEAD")
            else:
                self._strike(fault, wire, request, entry, subject)
        finally:
            entry["answered"] = time.time()

    def _open_entry(self, request: Request) -> Entry:
        operation = operation_of(request.method, request.path)
        entry = new_entry(operation, request.method, request.path)
        entry.update(query=request.query, body=lenient_body(request))
        entry["key_id"] = meant_key(self.state, request, operation)
        shown = dict(request.headers)
        sent = shown.pop("authorization", None)
        if sent is not None:
            account = self.state.account_by_token(sent.removeprefix("Bearer "))
            entry["account"] = account.name if account else None
            shown["authorization"] = f"<{account.name if account else 'unknown'}>"
        entry["headers"] = shown
        return self.state.journal.add(entry)

    def _apply(self, request: Request, entry: Entry, subject: Subject) -> Response:
        self.hooks.run("before", subject)
        response = dispatch(self.state, self._limits, request, entry)
        self.hooks.run("after", subject)
        return response

    def _strike(self, fault: Fault, wire: Wire, request: Request, entry: Entry, subject: Subject) -> None:
        def apply() -> Response:
            response = self._apply(request, entry, subject)
            entry["status"] = response.status
            return response

        def later(seconds: float) -> None:
            timer = threading.Timer(seconds, self._apply_late, (request, entry, subject))
            timer.daemon = True
            timer.start()

        entry["fault"] = fault.kind
        params: dict[str, Any] = dict(fault.params)

        def go_down(seconds: float) -> None:
            self.go_down(seconds, besides=wire)

        strike = Strike(self.state, wire, request, entry, params, apply, go_down, later)
        fault_kinds.KINDS[fault.kind](strike)

    def _apply_late(self, request: Request, entry: Entry, subject: Subject) -> None:
        if not self._stopping.is_set():
            self._apply(request, entry, subject)

    def _open_wires(self) -> list[Wire]:
        with self._lock:
            return list(self._wires)

    def _keep_saved(self) -> None:
        """What is spent without a request is written now and then."""
        while self.state.path is not None and not self._stopping.wait(SAVE_EVERY_S):
            self.state.save()


def _bound(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet.

    A free port is found first and then asked for by number: only so does it stay ours while nobody listens on it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not port:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _unlisten(listener: socket.socket) -> None:
    """On Linux this ends listening without giving the port away."""
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
