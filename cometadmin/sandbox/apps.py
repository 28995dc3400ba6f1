from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "cometadmin.sandbox"
    label = "sandbox"
