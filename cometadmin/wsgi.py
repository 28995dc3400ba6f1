"""What gunicorn serves. Refuses to load when a setting is faulty, however it was started."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cometadmin.settings")
application = get_wsgi_application()

from cometadmin.startup import settings_faults, tell  # noqa: E402  # needs Django set up

if settings_faults():
    tell(settings_faults())
    sys.exit(2)
