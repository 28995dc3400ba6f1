"""Which page of a list an address asks for."""

import re
from typing import Final

from django.http import Http404, HttpRequest

PAGE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")


def page_number(request: HttpRequest) -> int:
    """From 1. Raises Http404 for what is no number of a page."""
    typed = request.GET.get("page", "1")
    if not PAGE_NUMBER.fullmatch(typed):
        raise Http404
    return int(typed)
