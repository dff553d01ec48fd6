"""`esep device`: the technician's bag."""

import typer

from technician import board_commands, profiles
from technician.flash import flash
from technician.guide import provision
from technician.journal_plan import journal_plan
from technician.label import label
from technician.provision import enrol, install
from technician.release import bundle, release_key
from technician.update import update

app = typer.Typer(no_args_is_help=True, help="The technician's bag.")
app.add_typer(profiles.app, name="profile")
app.add_typer(board_commands.app, name="board")
app.command("journal-plan")(journal_plan)
app.command()(bundle)
app.command("release-key")(release_key)
app.command()(flash)
app.command()(provision)
app.command()(enrol)
app.command()(install)
app.command()(label)
app.command()(update)


@app.callback()
def device() -> None:
    """The technician's bag."""
