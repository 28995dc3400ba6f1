"""Secrets that somebody typed, told apart from what upstream holds itself and the form merely shows."""

from keys.redact import Span, find_secrets


def typed_secrets(text: str, shown: str) -> list[Span]:
    """Where secrets stand in `text` but for those inside a line that `shown`, the form's own text, has too."""
    spans = find_secrets(text)
    if not spans:
        return []
    known = set(shown.split("\n"))
    return [span for span in spans if _line_around(text, span) not in known]


def _line_around(text: str, span: Span) -> str:
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    return text[start : end if end >= 0 else len(text)]
