"""The collector's verbs on the command line."""

from collector.cli.collector import app
from collector.cli.curtail import app as curtail_app
from collector.cli.registry import app as registry_app

__all__ = ["app", "curtail_app", "registry_app"]
