"""The scan finds our keys whatever surrounds them, in linear time, and never raises or prints a secret."""

import base64
import csv
import html
import io
import json
import pickle
import random
import string
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.leaks import scan as scanning
from keys.leaks import undo
from keys.leaks.candidate import USUAL, Candidate, Secret, Shape
from keys.leaks.scan import Scan, scan

pytestmark = pytest.mark.dbfree
LETTERS = string.ascii_letters + string.digits
RNG = random.Random(7)


def value(length: int = 48) -> str:
    while True:
        made = "".join(RNG.choices(LETTERS, k=length))
        if Shape(length, "0-9A-Za-z").fits(made):
            return made


ONE = value()


def found(result: Scan, wanted: str = ONE) -> Candidate | None:
    return next((one for one in result.found if any(v.reveal() == wanted for v in one.values)), None)


def as_csv(text: str) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(["rule", f'he said "{text}"', "file.py"])
    return out.getvalue()


def gitleaks(text: str) -> str:
    return json.dumps(
        [{"RuleID": "generic-api-key", "StartLine": 7, "Match": f'key = "{text}"', "Secret": text}], indent=1
    )


def sarif(text: str) -> str:
    snippet = {"snippet": {"text": f"export OPENAI_API_KEY={text}\n"}}
    return json.dumps({"runs": [{"results": [{"locations": [{"physicalLocation": {"region": snippet}}]}]}]})


def trufflehog(text: str) -> str:
    return json.dumps(
        {"DetectorName": "OpenAI", "Verified": False, "Raw": text, "RawV2": "", "Redacted": text[:6] + "****"}
    )


def lines_of_60(text: str) -> str:
    coded = base64.b64encode(text.encode()).decode()
    return "".join(f"{coded[at : at + 60]}\n" for at in range(0, len(coded), 60))


WRAPPED: dict[str, Callable[[str], str]] = {
    "alone": lambda s: s,
    "without its prefix": lambda s: s[3:],
    "an .env file": lambda s: f"A=1\nOPENAI_API_KEY='{s}'\nB=2",
    "curl": lambda s: f'curl https://x.example/v1 -H "Authorization: Bearer {s}" -d @-',
    "a channel behind it": lambda s: f"{s}-17",
    "a log": lambda s: f"2026-11-26T03:11:52Z ERROR key={s}; status=401",
    "gitleaks": gitleaks,
    "TruffleHog": trufflehog,
    "SARIF": sarif,
    "CSV": as_csv,
    "an address": lambda s: f"https://x.example/?a=1&key={quote(s + '&')}",
    "an address in full": lambda s: "".join(f"%{ord(c):02x}" for c in s),
    "JSON in JSON": lambda s: json.dumps(json.dumps({"text": f"line\n{s}\tend"})),
    "JSON with letters escaped": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "JSON with a slash escaped": lambda s: f'"https:\\/\\/x\\/{s}\\/"',
    "HTML": lambda s: f"<code>{html.escape(f'key=&{s}&')}</code>",
    "HTML numbers": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "base64": lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    "base64 in a path": lambda s: "https://x.example/" + base64.urlsafe_b64encode(f'{{"k":"{s}"}}'.encode()).decode(),
    "a Kubernetes secret": lambda s: f"data:\n  key: {base64.b64encode(s.encode()).decode()}\n",
    "MIME": lambda s: base64.encodebytes((b"some words before it, " * 4) + s.encode()).decode(),
    "PowerShell": lambda s: f"powershell -enc {base64.b64encode(f'$k={s}'.encode('utf-16-le')).decode()}",
    "broken over two lines": lambda s: f"> {s[:33]}\n> {s[33:]} and so on",
    "broken behind its first letter": lambda s: f"KEY={s[:4]}\n{s[4:]}\n",
    "broken over three lines": lambda s: f"key: {s[:20]}\n{s[20:38]}\n{s[38:]} and so on",
    "broken over many lines": lambda s: "\n".join(s[at : at + 12] for at in range(0, len(s), 12)) + "\n",
    "broken behind a blank": lambda s: f"{s[:20]} \n{s[20:]}",
    "broken by a shell": lambda s: f"export KEY={s[:20]}\\\n{s[20:]}",
    "broken in a box": lambda s: f"│ {s[:20]}   │\n│ {s[20:]} │",
    "broken in a comment": lambda s: f"# {s[:20]}\n# {s[20:]}",
    "broken in a diff": lambda s: f"+ {s[:20]}\n+ {s[20:]}",
    "broken in JSON": lambda s: json.dumps({"log": f"key {s[:20]}\r\n{s[20:]}"}),
    "put together in Python": lambda s: f'KEY = (\n    "{s[:20]}"\n    f"{s[20:]}"\n)',
    "put together in JavaScript": lambda s: f"const key = '{s[:9]}' +\n  '{s[9:30]}' + '{s[30:]}';",
    "put together in PHP": lambda s: f'$key = "{s[:20]}" . "{s[20:]}";',
    "put together in SQL": lambda s: f"SELECT '{s[:20]}' || '{s[20:]}'",
    "put together in JSON": lambda s: json.dumps({"line": f'key = "{s[:20]}" +\n "{s[20:]}"'}),
    "MIME in JSON": lambda s: json.dumps(base64.encodebytes((b"some words before it, " * 4) + s.encode()).decode()),
    "GitHub's contents in JSON": lambda s: json.dumps({"content": lines_of_60(f"DEBUG=1\nKEY={s}\nPORT=80\n" * 2)}),
    "GitHub's contents in JSON in JSON": lambda s: json.dumps(json.dumps({"content": lines_of_60(f"A=1\nKEY={s}\n")})),
    "a Kubernetes secret in GitHub's contents": lambda s: json.dumps(
        {"content": lines_of_60(f"data:\n  key: {base64.b64encode(s.encode()).decode()}\n")}
    ),
    "a dump in hex": lambda s: f"\\x{f'A=1 KEY={s} B=2'.encode().hex()}",
    "a dump in upper-case hex": lambda s: f"0x{s.encode().hex().upper()}",
    "quoted-printable": lambda s: f"{s[:20]}=\r\n{s[20:]}\r\n",
    "with what hides in it": lambda s: f"{s[:20]}\u200b{s[20:]}",
    "grep in colour": lambda s: f"a.py:3:\x1b[01;31m\x1b[Ksk-\x1b[m\x1b[K{s[3:]}\x1b[0m and so on",
    "a coloured log in JSON": lambda s: json.dumps({"log": f"\x1b[31mkey \x1b[1msk-\x1b[0m{s[3:]}\x1b[0m"}),
    "an environment between NULs": lambda s: f"A=1\0KEY={s[3:]}\0B=2",
    "cut JSON": lambda s: '[{"Match": "key = \\"' + s + '\\"", "Sec',
    "a CSV cell of several lines": lambda s: f'rule,match\r\n"key","first\n""{s}""\nlast"\r\n',
    "glued to a word": lambda s: f"token{s}",
    "with more behind it": lambda s: f"{s}abc",
}


@pytest.mark.parametrize("name", WRAPPED)
def test_found_whatever_surrounds_it(name: str) -> None:
    text = "first line\n" + WRAPPED[name](f"sk-{ONE}")

    one = found(scan(text.encode()))

    assert one and one.shaped and one.lines[0] >= 2


def test_utf_16_and_carriage_returns() -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        one = found(scan(f"a\r\nKEY=sk-{ONE}\r\n".encode(encoding)))
        assert one and one.lines == (2,), encoding
    assert (one := found(scan(f"a\rb\rsk-{ONE}".encode()))) and one.lines == (3,)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_behind_what_was_pasted_beside_it(encoding: str) -> None:
    other = value()
    result = scan(f"{'see the file ' * 20}: sk-{other}\n".encode() + f"Schlüssel\r\nKEY={ONE}\r\nB=1".encode(encoding))
    assert found(result, other) and found(result)


@pytest.mark.parametrize(
    "masked", ["sk-abcd**********wxyz", "sk-abcd...wxyz", "sk-ab\u2026", "sk-xxxxxxxxxx", '"REDACTED"']
)
def test_what_is_masked_is_told_with_its_line(masked: str) -> None:
    assert scan(f"one\nkey={masked}\n".encode()).masked == (2,)


@pytest.mark.parametrize("plain", ["a ** b ... c", "and so on...", "xxxxxxxxxx", "sk-", f"sk-{ONE}..."])
def test_what_is_not_masked_is_not_called_so(plain: str) -> None:
    assert scan(plain.encode()).masked == ()


def test_lines_and_counts() -> None:
    text = "\n".join(f"sk-{ONE}" if n % 2 else "x" for n in range(40))
    one = found(scan(text.encode()))
    assert one and one.count == 20 and one.lines == tuple(range(2, 17, 2))


def test_every_one_of_many_in_a_row() -> None:
    many = [value() for _ in range(500)]
    result = scan("\n".join(f"sk-{one}" for one in many).encode())
    assert all(found(result, one) for one in many)


def test_other_vendors_are_not_of_our_shape() -> None:
    other = "AKIAIOSFODNN7EXAMPLE ghp_16C7e42F292c6912E7710c838347Ae178B4a sk-ant-api03-" + "x" * 40
    assert not any(one.shaped for one in scan((other + " " + "a" * 48 + " " + "0123456789abcdef" * 3).encode()).found)


def test_a_learned_shape() -> None:
    odd = "Ab1_" * 9
    text = f"key: {odd}\n"
    assert not found(scan(text.encode()), odd)
    one = found(scan(text.encode(), (Shape(36, "0-9A-Za-z_"),)), odd)
    assert one and one.shaped


def test_a_learned_shape_that_is_short_is_found_in_base64_too() -> None:
    short = value(24)
    header = "Authorization: Basic " + base64.b64encode(f"u:sk-{short}".encode()).decode()
    assert not found(scan(header.encode()), short)
    one = found(scan(header.encode(), (Shape(24, "0-9A-Za-z"),)), short)
    assert one and (one.shaped, one.hidden) == (True, "base64")


@pytest.mark.parametrize("end", ["\n", "\\n", "\\\\n", " \n  "])
@pytest.mark.parametrize("at", [19, 30])
def test_a_piece_of_a_broken_one_is_not_counted_as_well(end: str, at: int) -> None:
    result = scan(f'"sk-{ONE[:at]}{end}{ONE[at:]}"'.encode())
    assert len(result.found) == 1 and result.found[0].shaped and result.found[0].values[0].reveal() == ONE


@pytest.mark.parametrize(
    "text",
    [
        f"sk-{ONE[:46]}\nsk-{ONE[1:47]}",
        f"sk-{ONE[:32]}\n\n{ONE[32:]}",
        f"sk-{ONE[:32]} {ONE[32:]}",
        f"sk-{ONE[:32]}\nexport = {ONE[32:]}",
        f'["sk-{ONE[:32]}", "{ONE[32:]}"]',
        f'{{"sk-{ONE[:32]}": "{ONE[32:]}"}}',
        f'"sk-{ONE[:32]}" + "sk-{ONE[32:]}"',
        f"sk-{ONE[:32]}\nexport\nDEBUG\n{ONE[:10]}",
        f"sk-{ONE[:20]}\n{ONE[20:30]}\n{ONE[30:]}",
        "sk-deadbeefdeadbeefdeadbeefdeadbeef\nsomelongwordofletters\n",
    ],
)
def test_what_stands_in_two_lines_is_not_put_together_at_random(text: str) -> None:
    assert not any(one.shaped for one in scan(text.encode()).found)


def test_what_could_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    result = scan(b"\x1f\x8b" + b"\xff" * 10 + b"\nsk-abcd**********wxyz\n")
    assert (result.packed, result.masked, result.unread) == ("gzip", (2,), 11)
    monkeypatch.setattr(scanning, "MOST_BYTES", 1000)
    monkeypatch.setattr(undo, "MOST_ESCAPES", 100)
    assert scan(b"x" * 1005).cut == 5
    assert scan(b"%41" * 101).wrapped and not scan(b"%41" * 99).wrapped


def test_ten_thousand_findings_and_more() -> None:
    result = scan("\n".join(value() for _ in range(10_050)).encode())
    assert len(result.found) == 10_000 and result.beyond == 50


NOISE: dict[str, Callable[[int], bytes]] = {
    "letters": lambda n: "".join(RNG.choices(LETTERS, k=n // 16)).encode() * 16,
    "47 letters": lambda n: (b"a" * 47 + b"\n") * (n // 48),
    "backslashes": lambda n: b"\\" * n,
    "ampersands": lambda n: b"&" * n,
    "escapes": lambda n: b"\\u0041" * (n // 6),
    "stars": lambda n: b"*" * n,
    "prefixes": lambda n: b"sk-" * (n // 3),
    "pieces": lambda n: b"sk-aaaa\nbbbbbbbb\n" * (n // 17),
    "literals": lambda n: b'"sk-aaaa" + "bbbbbbbb" + ' * (n // 25),
    "quotes": lambda n: b'sk-aaaa"' + b" +" * (n // 2),
    "blanks": lambda n: b"sk-aaaa " + b" " * n,
    "base64 in JSON": lambda n: json.dumps(base64.encodebytes(RNG.randbytes(n * 3 // 4)).decode()).encode(),
    "begun ones": lambda n: b"sk-aaaa\n" * (n // 8),
    "base64": lambda n: base64.encodebytes(RNG.randbytes(n * 3 // 4)),
    "base64 in base64": lambda n: base64.encodebytes(base64.encodebytes(RNG.randbytes(n * 9 // 16))),
    "hex": lambda n: b"736b2d" * (n // 6),
    "lines of 60": lambda n: (b"A" * 60 + b"\n") * (n // 61),
    "bytes": lambda n: RNG.randbytes(n),
    "nothing": lambda n: b"\0" * n,
}


@pytest.mark.parametrize("name", NOISE)
def test_noise_takes_time_in_proportion(name: str) -> None:
    """No clock is held to: four times as much takes no more than about four times as long, on a busy machine."""
    small, large = NOISE[name](100_000), NOISE[name](400_000)
    times = []
    for data in (small, large):
        begun = time.process_time()
        scan(data)
        times.append(time.process_time() - begun)
    assert times[1] < 12 * times[0] + 0.5, times


@settings(max_examples=50)
@given(st.binary(max_size=400))
def test_it_never_raises(data: bytes) -> None:
    scan(data)
    scan(data + f"sk-{ONE}".encode() + data)


@settings(max_examples=50)
@given(st.text(max_size=300))
def test_it_never_raises_for_text(text: str) -> None:
    scan(text.encode("utf-8", "surrogatepass"))


def test_candidates_never_print_themselves() -> None:
    result = scan(f"sk-{ONE}".encode())
    one = found(result)
    assert one
    for told in (repr(result), str(one), f"{one.values[0]}", f"{one.values[0]!r}", f"{one}", repr(one.values)):
        assert ONE[:8] not in told
    with pytest.raises(TypeError):
        pickle.dumps(one.values[0])
    assert one.values[0] == Secret(ONE) and one.values[0] != ONE


def test_made_up_ones_fit() -> None:
    assert all(USUAL.fits(USUAL.made_up()) for _ in range(50))
    assert len({USUAL.made_up() for _ in range(50)}) == 50
    assert len(Shape(10, "0-9").made_up()) == 10
