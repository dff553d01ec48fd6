"""The collector's verbs on the command line."""

from collector.cli.collector import app
from collector.cli.curtail import app as curtail_app
from collector.cli.registry import app as registry_app
from collector.cli.site_schedule import schedule

curtail_app.command()(schedule)

__all__ = ["app", "curtail_app", "registry_app"]
