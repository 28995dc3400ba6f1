"""Static files must lie ready, or `manage.py serve` refuses to start."""

from tests.start.conftest import collected

__all__ = ["collected"]
