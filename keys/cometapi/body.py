"""An answer's body, taken in piece by piece and never beyond a bound. Imports nothing of ours and no Django."""

import zlib

LIMIT = 2 * 1024 * 1024
"""Bytes of one decoded body. A page of 100 keys with long model lists is far below."""


class BadBody(Exception):
    """The body cannot be taken in. kind: too_large, bad_encoding or cut_body."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


class Body:
    """Decodes as it goes, so that a small gzip body that would unpack to gigabytes stops at the bound."""

    def __init__(self, content_encoding: str, limit: int = LIMIT) -> None:
        """content_encoding: the header's value, "" when there is none. Raises BadBody for one we did not ask for."""
        encoding = content_encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise BadBody("bad_encoding")
        self._unzip = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding.endswith("gzip") else None
        self._parts: list[bytes] = []
        self._left = limit

    def feed(self, raw: bytes) -> None:
        """Raises BadBody."""
        if self._unzip:
            try:
                raw = self._unzip.decompress(raw, self._left + 1)
            except zlib.error:
                raise BadBody("bad_encoding") from None
            if self._unzip.unused_data:  # something follows the end of the compressed stream
                raise BadBody("bad_encoding")
        self._left -= len(raw)
        if self._left < 0:
            raise BadBody("too_large")
        self._parts.append(raw)

    def whole(self) -> bytes:
        """All of it, once the other side has ended. Raises BadBody when the compressed stream had no end."""
        if self._unzip and self._parts and not self._unzip.eof:
            raise BadBody("cut_body")
        return b"".join(self._parts)
