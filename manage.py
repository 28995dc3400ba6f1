#!/usr/bin/env python
"""Django's commands, and ours: serve, make_keys, verify_ledger, export_ledger, settle_changes, sandbox and others."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cometadmin.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed for this Python; run `make demo` once, then use .venv/bin/python manage.py")
    from cometadmin.startup import refuse_command

    refuse_command(sys.argv[1:])
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
