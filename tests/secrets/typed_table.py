"""What may be typed into a key's form, and what must come of it: written by hand, asked of nothing in the product.

Times are typed in Europe/Berlin. A case is the posted controls and the settings that follow, or BAD.
"""

from collections.abc import Mapping
from typing import Any, Final

BAD: Final = None
NUL, LONE, RTL = "\x00", "\ud800", "\u202e"
LONG = "9" * 5_000
FUSED = "\N{REPLACEMENT CHARACTER}" * 3
"""What Django makes of a lone surrogate's three bytes."""
SECRET = "sk-" + "aB3dE5gH7jK9" * 4

Posted = Mapping[str, str]
Case = tuple[Posted, Mapping[str, Any] | None]

TEXTS: dict[str, list[tuple[str, Any]]] = {
    "name": [
        ("new name", "new name"),
        ("  trimmed\u3000", "trimmed"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("x" * 50, "x" * 50),
        ("\u540d" * 50, "\u540d" * 50),
        ("e\u0301" * 50, "\u00e9" * 50),
        ("\u0645\u0641\u062a\u0627\u062d", "\u0645\u0641\u062a\u0627\u062d"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=cmd()|' /C calc'!A0", "=cmd()|' /C calc'!A0"),
        ("%s%(x)s{}{0}", "%s%(x)s{}{0}"),
        ("\U0001f511", "\U0001f511"),
        ("\u0661\u0662\uff11", "\u0661\u0662\uff11"),
        (f"a{LONE}", f"a{FUSED}"),
        *((text, BAD) for text in ("", "   ", "x" * 51, LONG, f"a{NUL}b", f"a{RTL}b", "a\tb", "a\r\nb", "a\x7f")),
        *((text, BAD) for text in ("\u2028", "a\u2066b", "\u0301" * 300, SECRET, f"a {SECRET}")),
    ],
    "status": [
        *((text, int(text)) for text in "1234"),
        *((text, BAD) for text in ("", "0", "5", "-1", "\u0661", "\uff11", "01", " 1", "1.0", "true", LONG, NUL, LONE)),
    ],
    "model_limits": [
        ("gpt-4o", "gpt-4o"),
        ("a,b\r\nb;c", "a,b,c"),
        ("a\uff0cb\u060cc d", "a,b,c,d"),
        ("gpt/\u6a21\u578b:1", "gpt/\u6a21\u578b:1"),
        ("x" * 200, "x" * 200),
        ("", ""),
        (" \r\n ", ""),
        (f"m{LONE}", f"m{FUSED}"),
        *((text, BAD) for text in (",", ";;", "x" * 201, f"a{NUL}", f"a{RTL}", SECRET, f"a\r\n{SECRET}")),
        ("\r\n".join(f"m{n}" for n in range(1_001)), BAD),
        ("a," * 60_000, BAD),
    ],
    "allow_ips": [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.0/8, 2001:DB8::1\r\n10.0.0.0/8", "10.0.0.0/8\n2001:db8::1"),
        ("2001:0db8:0000::/32", "2001:db8::/32"),
        *((text, BAD) for text in ("0.0.0.0/0", "::/0", "0.0.0.0/1 128.0.0.0/1")),  # nobody confirmed it
        *(
            (text, BAD)
            for text in ("10.0.0.1/8", "\u0661\u0660.0.0.1", "\uff11.1.1.1", "1.2.3", "0x0a.0.0.1", "host.example")
        ),
        *((text, BAD) for text in ("10.0.0.1-10.0.0.5", "::ffff:1.2.3.4", "10.0.0.*", "999.1.1.1", "1.2.3.4:80", ",")),
        *((text, BAD) for text in ("fe80::1%eth0", "10.0.0.01", "1.1.1.1/33", "1.1.1.1/" + LONG, LONG, NUL, LONE, RTL)),
        ("1.1.1.1\r\nnonsense", BAD),
        ("\r\n".join(f"10.{n // 250}.{n % 250}.1" for n in range(1_001)), BAD),
    ],
    "group": [
        *((text, text) for text in ("default", "vip", "auto", "")),
        *((text, BAD) for text in ("nope", "VIP", " vip", "\uff56ip", NUL, f"vip{NUL}", LONE, RTL, LONG, SECRET)),
    ],
    "reason": [
        *((text, "") for text in ("because", "line\r\nline", "\u0644\u0623\u0646", "x" * 500, f"a{LONE}")),
        *((text, BAD) for text in ("x" * 501, LONG, f"a{NUL}", f"a{RTL}", SECRET)),
    ],
}
"""Field -> (typed, stored). A reason is recorded and not sent."""

AMOUNTS: list[tuple[str, str, str, Any]] = [
    ("set", "units", "5", lambda left: 5),
    ("set", "units", " 007 ", lambda left: 7),
    ("set", "units", "1,234,567", lambda left: 1_234_567),
    ("set", "units", "1 000", lambda left: 1_000),
    ("set", "units", "500000000000000", lambda left: 500_000_000_000_000),
    ("set", "usd", "1", lambda left: 500_000),
    ("set", "usd", "$0.20", lambda left: 100_000),
    ("set", "usd", "0.000002", lambda left: 1),
    ("set", "usd", "1,000.50", lambda left: 500_250_000),
    ("add", "units", "5", lambda left: left + 5),
    ("add", "usd", "0.5", lambda left: left + 250_000),
    ("take", "units", "9", lambda left: left - 9),
    *(("set", "units", text, BAD) for text in ("1.5", "$1", "1,23", "-5", "\u22125", "+5", "1e3", "0x5", "NaN", "inf")),
    *(
        ("set", "units", text, BAD)
        for text in ("\u0663", "\uff13", "5\u0663", LONG, NUL, f"5{NUL}", LONE, RTL, "", "five")
    ),
    *(("set", "units", text, BAD) for text in ("500000000000001", "9" * 19, SECRET, "5;5", "5 5", "0,500", "0 500")),
    *(("set", "usd", text, BAD) for text in ("0.000001", "1,5", "1,000", "0.", ".5", "1.2.3", "1_000", "1000000001")),
    *((mode, "units", "0", BAD) for mode in ("add", "take")),
    ("add", "units", "500000000000000", BAD),
    *((mode, "units", "5", BAD) for mode in ("", "x", "SET", NUL, LONG)),
    *(("set", unit, "5", BAD) for unit in ("", "eur", "Units", NUL, LONE)),
]
"""Mode, unit, amount, and what is left after it."""

MOMENTS: list[tuple[Posted, int | None]] = [
    ({"expired_time": "2030-01-01T00:00"}, 1_893_452_400),
    ({"expired_time": "2030-01-01 00:00:30"}, 1_893_452_430),
    ({"expired_time": "2030-07-01T00:00:00"}, 1_909_087_200),
    ({"expired_time": "2030-01-01T00:00Z"}, 1_893_456_000),
    ({"expired_time": "2030-01-01T00:00-05:00"}, 1_893_474_000),
    ({"expired_time": "2030-10-27T02:30", "expired_time_fold": "earlier"}, 1_919_291_400),
    ({"expired_time": "2030-10-27T02:30", "expired_time_fold": "later"}, 1_919_295_000),
    ({"expired_time": "9999-12-31T22:59"}, 253_402_293_540),
    ({"expired_time": "2030-10-27T02:30"}, BAD),
    ({"expired_time": "2030-10-27T02:30", "expired_time_fold": "x"}, BAD),
    ({"expired_time": "2030-03-31T02:30"}, BAD),
    *(({"expired_time": text}, BAD) for text in ("2001-01-01T00:00", "0000-01-01T00:00", "10000-01-01T00:00", "1:00")),
    *(
        ({"expired_time": text}, BAD)
        for text in ("2030-02-30T00:00", "2030-01-01T24:00", "2030-13-01T00:00", "tomorrow")
    ),
    *(
        ({"expired_time": text}, BAD)
        for text in ("\u0662\u0660\u0663\u0660-01-01T00:00", "\uff12030-01-01T00:00", LONG)
    ),
    *(({"expired_time": text}, BAD) for text in ("", NUL, LONE, RTL, "2030-01-01", "2030-01-01T00:00+99:99", SECRET)),
    *(({"expiry": text, "expired_time": "2030-01-01T00:00"}, BAD) for text in ("", "x", "AT", NUL, LONG)),
]
"""For a key that never expires: the posted controls, `at` chosen unless they say otherwise, and the Unix seconds."""

ON = ("on", "true", "1", "yes", "ON")
OFF = ("off", "false", "0", "no", "")
NEITHER = ("2", "x", "\uff11", "\u0661", NUL, LONE, LONG, "on ")
