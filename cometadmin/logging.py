"""One JSON object a line on stderr, and nothing in it that was typed by somebody or sent to CometAPI.

LOG_LEVEL is for our own loggers alone: libraries speak from WARNING on, since their DEBUG lines show headers, bodies,
query strings and SQL parameters. Tracebacks carry places, never local variables, and the words of an exception only
for kinds whose words cannot hold what was typed.
"""

import logging
import logging.config
import sys
from types import TracebackType
from typing import Any, Final

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import InterfaceError, OperationalError
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from structlog.typing import EventDict, Processor, WrappedLogger

OURS: Final = ("keys", "cometadmin")
WORDS_ARE_SAFE: Final = (
    AttributeError,
    ImportError,
    ImproperlyConfigured,
    InterfaceError,
    NameError,
    OperationalError,
    OSError,
    TemplateDoesNotExist,
    TemplateSyntaxError,
)
MOST_FRAMES: Final = 30


def config(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`. level: of our own loggers."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
                "foreign_pre_chain": _before_rendering(),
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
            "nowhere": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            **{name: {"level": level} for name in OURS},
            # A 4xx is told by our request log; Django would repeat the path or the host that was sent.
            "django.request": {"level": "ERROR"},
            "django.security": {"handlers": ["nowhere"], "propagate": False},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    """Django calls this (LOGGING_CONFIG) with LOGGING."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_before_rendering(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _before_rendering() -> list[Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_exception,
    ]


def _tell_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    error = _exception(event.pop("exc_info", None))
    event.pop("stack_info", None)
    if error is not None:
        event["exception"] = [_one(one) for one in _causes(error)]
    return event


def _exception(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    elif exc_info and not isinstance(exc_info, BaseException):
        exc_info = sys.exc_info()[1]
    return exc_info if isinstance(exc_info, BaseException) else None


def _causes(error: BaseException) -> list[BaseException]:
    """The exception and what led to it, newest first; cut where a chain bites its tail."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain and len(chain) < 5:
        chain.append(step)
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return chain


def _one(error: BaseException) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": f"{type(error).__module__}.{type(error).__qualname__}"}
    if isinstance(error, WORDS_ARE_SAFE):
        told["words"] = str(error)[:500]
    told["at"] = _places(error.__traceback__)
    return told


def _places(trace: TracebackType | None) -> list[str]:
    places: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-MOST_FRAMES:]
