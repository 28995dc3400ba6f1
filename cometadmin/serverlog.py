"""gunicorn's own messages, through our formatter."""

import logging
from typing import Any

from django.conf import settings
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from cometadmin.logging import config, configure


class ServerLog(Logger):  # type: ignore[misc]  # without types
    """gunicorn would print the request line, query string and all, when a request fails outside Django."""

    def setup(self, cfg: Any) -> None:
        configure(config(settings.LOG_LEVEL))
        self.error_log.setLevel(logging.WARNING)
        self.error_log.propagate = True
        self.access_log.disabled = True

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        self.error_log.error("a request failed in the server", exc_info=True)
