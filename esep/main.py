"""The `esep` command: finds each trade's verbs, and loads only those that are asked for."""

import sys
from importlib import import_module

import typer

_COMMANDS = {"demo": "simulator.demo.cli:demo"}
_TRADES = {
    "bench": "benchmarks.cli:app",
    "collector": "collector.cli.collector:app",
    "registry": "collector.cli.registry:app",
    "curtail": "collector.cli.curtail:app",
    "device": "technician.cli:app",
    "simulate": "simulator.cli:app",
}


def command(asked: str | None) -> typer.Typer:
    """All trades, or the one that is asked for: no verb waits for the modules of another trade."""
    app = typer.Typer(no_args_is_help=True, add_completion=False)
    app.callback()(lambda: None)  # a group, also when it has one command only
    is_all = asked not in {*_COMMANDS, *_TRADES}
    for name, place in {**_COMMANDS, **_TRADES}.items():
        if is_all or asked == name:
            module, _, attribute = place.partition(":")
            verbs = getattr(import_module(module), attribute)
            if name in _TRADES:
                app.add_typer(verbs, name=name)
            else:
                app.command(name)(verbs)
    return app


def main() -> None:
    command(sys.argv[1] if len(sys.argv) > 1 else None)()
