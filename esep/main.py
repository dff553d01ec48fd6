"""The `esep` command: finds each trade's verbs."""

import typer

from benchmarks.cli import app as bench_app
from collector.cli import app as collector_app
from collector.cli import curtail_app, registry_app
from simulator.cli import app as simulate_app
from simulator.demo.cli import demo
from technician.cli import app as device_app

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.command("demo")(demo)
app.add_typer(bench_app, name="bench")
app.add_typer(collector_app, name="collector")
app.add_typer(curtail_app, name="curtail")
app.add_typer(registry_app, name="registry")
app.add_typer(device_app, name="device")
app.add_typer(simulate_app, name="simulate")


def main() -> None:
    app()
