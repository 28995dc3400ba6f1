"""`manage.py sandbox`: the stand-in for CometAPI."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cometadmin.sandbox.__main__ import add_arguments, run


class Command(BaseCommand):
    help = "Runs the stand-in for CometAPI on loopback."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run(argparse.Namespace(**options)))
