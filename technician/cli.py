"""`esep device`: the technician's bag."""

import typer

from technician import board_commands, profiles
from technician.doctor import doctor, logs
from technician.dump import dump
from technician.flash import flash
from technician.journal_plan import journal_plan
from technician.label import label
from technician.provision import enrol, install
from technician.read import configure, read
from technician.release import bundle, release_key
from technician.retire import retire

app = typer.Typer(no_args_is_help=True, help="The technician's bag.")
app.add_typer(profiles.app, name="profile")
app.add_typer(board_commands.app, name="board")
app.command("journal-plan")(journal_plan)
app.command()(bundle)
app.command("release-key")(release_key)
app.command()(flash)
app.command()(enrol)
app.command()(install)
app.command()(label)
app.command()(doctor)
app.command()(logs)
app.command()(dump)
app.command()(read)
app.command()(configure)
app.command()(retire)


@app.callback()
def device() -> None:
    """The technician's bag."""
