"""What gunicorn serves. Refuses to load when a setting is faulty, however it was started."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cometadmin.settings")
_django = get_wsgi_application()

from cometadmin.startup import settings_faults, tell  # noqa: E402  # needs Django set up

if settings_faults():
    tell(settings_faults())
    sys.exit(2)

NOT_UTF8: Final = b"Forms are read in UTF-8 alone. Nothing was changed."


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, but for bodies in another charset than UTF-8: 415.

    Django takes whatever codec the Content-Type names, some of which are none of text, and fails while it makes the
    request, before any middleware.
    """
    if _charset(environ.get("CONTENT_TYPE", "")).lower() == "utf-8":
        return _django(environ, start_response)
    headers = [("Content-Type", "text/plain"), ("X-Content-Type-Options", "nosniff")]
    start_response("415 Unsupported Media Type", headers)
    return [NOT_UTF8]


def _charset(content_type: str) -> str:
    """ "" for one that cannot be told, such as a broken `charset*=`."""
    try:
        return parse_header_parameters(content_type)[1].get("charset", "utf-8")
    except (ValueError, LookupError):
        return ""
