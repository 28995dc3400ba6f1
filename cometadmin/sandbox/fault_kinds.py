"""Every kind of fault by its name (promises.md 5)."""

from collections.abc import Callable

from . import fault_answers as answers
from . import fault_wire as wire
from .faults import Strike

HTML = "<!doctype html><html><body>Please sign in</body></html>"

KINDS: dict[str, Callable[[Strike], None]] = {
    "refused": wire.refused,
    "stall_before_headers": wire.stall_before_headers,
    "stall_after_headers": wire.stall_after_headers,
    "drip": wire.drip,
    "slow": wire.slow,
    "reset_before": wire.reset_before,
    "reset_after": wire.reset_after,
    "close": wire.close_without_answer,
    "cut_with_length": wire.cut_with_length,
    "cut_without_length": wire.cut_without_length,
    "cut_chunked": wire.cut_chunked,
    "garbage": wire.garbage,
    "garbage_body": answers.fixed(b"\x00\xff{]garbage" * 20),
    "huge_body": wire.huge_body,
    "big_header": wire.big_header,
    "applied_late": wire.applied_late,
    "status_ignored": wire.status_ignored,
    "field_altered": wire.field_altered,
    "shifting_pages": wire.shifting_pages,
    "empty_200": answers.fixed(b""),
    "204": answers.fixed(b"", code=204),
    "html_200": answers.fixed(HTML.encode(), "text/html; charset=utf-8"),
    "json_list": answers.fixed(b"[1,2]"),
    "json_null": answers.fixed(b"null"),
    "json_string": answers.fixed(b'"ok"'),
    "success_missing": answers.changed(answers.without_success),
    "success_string": answers.changed(answers.success_as("true")),
    "success_one": answers.changed(answers.success_as(1)),
    "another_id": answers.changed(answers.another_id),
    "another_user": answers.changed(answers.another_user),
    "field_missing": answers.changed(answers.field_missing),
    "extra_fields": answers.changed(answers.extra_fields),
    "wrong_total": answers.changed(answers.wrong_total),
    "stale_read": answers.changed(answers.stale_read),
    "duplicate_keys": answers.text_changed(answers.duplicate_keys),
    "nan": answers.text_changed(answers.not_a_number),
    "gzip_bomb": answers.gzip_bomb,
    "bad_gzip": answers.bad_gzip,
    "bad_charset": answers.bad_charset,
    "refusal": answers.refusal,
    "429": answers.too_many,
    "401_json": answers.status(401, html=False),
    "401_html": answers.status(401, html=True),
    "500_before": answers.status(500, html=False),
    "500_after": answers.status(500, html=False, applied=True),
    **{str(code): answers.redirect(code) for code in (301, 302, 307, 308)},
    **{str(code): answers.status(code, html=False) for code in (400, 403, 404, 409, 413)},
    **{str(code): answers.status(code, html=True) for code in (502, 503, 504, 524)},
}
