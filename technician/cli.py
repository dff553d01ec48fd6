"""`esep device`: the technician's bag."""

import typer

from technician import board_commands, check_commands, profiles
from technician.bus_commands import identify, scan
from technician.commission.commands import app as commission
from technician.commission.own_key import technician_certificate, technician_key
from technician.doctor import doctor, logs
from technician.dump import dump
from technician.flash import flash
from technician.guide import provision
from technician.journal_plan import journal_plan
from technician.label import label
from technician.provision import enrol, install
from technician.read import configure, read
from technician.release import bundle, release_key
from technician.retire import retire
from technician.update import update

app = typer.Typer(no_args_is_help=True, help="The technician's bag.")
app.add_typer(profiles.app, name="profile")
app.add_typer(board_commands.app, name="board")
app.add_typer(check_commands.app, name="check")
app.command("journal-plan")(journal_plan)
app.command()(bundle)
app.command("release-key")(release_key)
app.command()(flash)
app.command()(provision)
app.command()(enrol)
app.command()(install)
app.command()(label)
app.command()(scan)
app.command()(identify)
app.add_typer(commission, name="commission")
app.command("technician-key")(technician_key)
app.command("technician-certificate")(technician_certificate)
app.command()(doctor)
app.command()(logs)
app.command()(dump)
app.command()(read)
app.command()(configure)
app.command()(retire)
app.command()(update)


@app.callback()
def device() -> None:
    """The technician's bag."""
