"""Secrets are found by their shape; what people do write is left alone; nothing takes long."""

import base64
import random
import string
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import redact

pytestmark = pytest.mark.dbfree
ALNUM = string.ascii_letters + string.digits
SECRET = "".join(random.Random(7).choices(ALNUM, k=48))


@pytest.mark.parametrize(
    "text",
    [
        f"sk-{SECRET}",
        f"SK-{SECRET}",
        SECRET,
        SECRET[:32],
        SECRET[:29],
        "sk-abcdefghijklmnop",
        "sk-proj-a1b2c3d4e5f6a7b8",
        f"key={SECRET}&x=1",
        f"https://example.com/?k={SECRET[:30]}",
        f"my_key_{SECRET[:24]}",
        "0123456789abcdef" * 2,
        "deadbeef" * 4 + "0",
        "Bearer abc12345",
        "authorization: bearer abcdefghijklmnopqrstuvwx",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "s\u200bk\u200b-" + "\u200b".join(SECRET),
        "sk-" + "\x00".join(SECRET),
        "sk-" + "\u00ad".join(SECRET),
        f"sk-{SECRET[:24]}\n{SECRET[24:]}",
        base64.b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_secret_is_found_and_masked(text: str) -> None:
    assert redact.looks_secret(text)
    assert redact.looks_secret(f"rotated after leak: {text} (see mail)")
    masked = redact.mask(text)
    assert "**********" in masked
    for start in range(len(SECRET) - 11):
        assert SECRET[start : start + 12] not in masked


@pytest.mark.parametrize("digits", ["", "7"])
def test_a_secret_over_two_lines_is_masked_where_chance_left_the_digits_out(digits: str) -> None:
    letters = "".join(random.Random(8).choices(string.ascii_letters, k=24))
    other = letters[::-1][:-1] + (digits or "x")

    for text in (f"sk-{letters}\n{other}", f"sk-{other} {letters}"):
        masked = redact.mask(text)
        assert not any(piece[at : at + 12] in masked for piece in (letters, other) for at in range(13)), masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "raise the quota of the staging key for the new office",
        "claude-3-5-sonnet-20241022",
        "gpt-4o-mini-2024-07-18, o1-preview, deepseek-r1-distill-qwen-32b",
        "gpt4turbopreview20240409",
        "550e8400-e29b-41d4-a716-446655440000",
        "2026-11-24T04:11:22+00:00",
        "203.0.113.0/24 2001:db8:85a3::8a2e:370:7334",
        "fixed in 3f2a91b and 9c0d1e2f3a4b",
        "switched to bearer authentication",
        "task-list-for-monday, risk-assessment-2024",
        "sk-learn",
        "staging_key_for_team_2024_q1",
        "MyVeryLongVariableName2",
        "12345678901234567890123456789012345678901234567890",
        "internationalization-and-accessibility",
        "abcd**********wxyz",
        "مفتاح الإنتاج للفريق الجديد في المكتب رقم ١٢",
        "生产环境密钥生产环境密钥生产环境密钥生产环境密钥2024",
        "/teams/research-group-2024/keys/1234/",
    ],
)
def test_plain_text_is_left_alone(text: str) -> None:
    assert redact.find_secrets(text) == []
    assert redact.mask(text) == text


def test_random_secrets_of_29_and_more_are_found() -> None:
    rng = random.Random(20261124)
    missed = sum(not redact.looks_secret("".join(rng.choices(ALNUM, k=rng.randint(32, 64)))) for _ in range(5_000))
    assert missed <= 15  # those without a single digit
    assert not any(redact.looks_secret(str(uuid.UUID(int=rng.getrandbits(128)))) for _ in range(5_000))


@pytest.mark.parametrize(
    ("secret", "masked"),
    [
        (SECRET, SECRET[:4] + "**********" + SECRET[-4:]),
        ("a" * 20, "aaaa**********aaaa"),
        ("a" * 19, "**********"),
        ("", "**********"),
        ("abcd**********wxyz", "abcd**********wxyz"),
        ("abcdefgh****stuvwxyz", "abcd**********wxyz"),
        ("sk-abcd***", "sk-a**********"),
        ("ab****c****yz", "ab**********yz"),
        ("***", "**********"),
    ],
)
def test_masked_secret(secret: str, masked: str) -> None:
    assert redact.masked_secret(secret) == masked


@given(st.text(max_size=200))
def test_spans_lie_in_order_within_the_text(text: str) -> None:
    spans = redact.find_secrets(text)
    ends = [0, *(place for span in spans for place in (span.start, span.end)), len(text)]
    assert ends == sorted(ends)


def test_spans_point_at_the_secret_through_hidden_characters() -> None:
    text = f"a\u200bb\u200b {SECRET[:20]}\u200b{SECRET[20:]} c\u200b"
    (span,) = redact.find_secrets(text)
    assert text[span.start : span.end] == f"{SECRET[:20]}\u200b{SECRET[20:]}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 生 \u200f\u200d", "plain ü 生 \u200f\u200d"),
        ("a\x00b", r"a\u0000b"),
        ("a\nb\x9b", r"a\u000ab\u009b"),
        ("\u202e\u2066\u2028", r"\u202e\u2066\u2028"),
        ("\ud800", r"\ud800"),
    ],
)
def test_escape_visible(text: str, shown: str) -> None:
    assert redact.escape_visible(text) == shown
    shown.encode()


def test_escape_keeps_what_it_is_told_to() -> None:
    assert redact.escape_visible("a\n\tb\x00", keep="\n\t") == "a\n\tb\\u0000"


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "sk-",
        "sk-a1 ",
        "eyJ",
        "eyJaaaaaaaa.",
        "Bearer ",
        "a1",
        "\u200b",
        "a\x00",
        "_",
        "\n",
        "*",
        "a1B2c3D4e5F6g7H8i9J0" * 9 + " ",
    ],
)
def test_the_time_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        began = time.process_time()
        redact.find_secrets(text)
        return time.process_time() - began

    # Ten times the text: ten times the work, a hundred times if it were quadratic. The floor keeps out noise.
    assert seconds(5_000_000) < 40 * max(seconds(500_000), 0.05)
