"""For load balancers and containers: is the process alive, can it serve. No sign-in, and no word about versions."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers; touches nothing else."""
    return JsonResponse({"status": "alive"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """The database answers and holds our tables; 503 otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM keys_ledgerhead")
    except DatabaseError:
        return JsonResponse({"status": "database not ready"}, status=503)
    return JsonResponse({"status": "ready"})
