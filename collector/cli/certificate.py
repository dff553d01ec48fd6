"""`esep curtail certificate`: an order's effect, for a court and for whoever holds the root key."""

import time
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.arguments import Directory, fail, open_directory
from collector.evidence.downlink import Role
from collector.ledger.checkpoints import newest
from collector.ledger.tree import HoleError, grow
from collector.orders import store
from collector.orders.drop.certificate import Certificate, CertificateError, certify
from collector.orders.drop.exhibits import ExhibitError
from collector.registry.keyring import Keyring
from collector.registry.store import Registry
from collector.series.embedded import EmbeddedSeries
from collector.storage import reading
from collector.words.languages import DEFAULT, LANGUAGES


def certificate(
    directory: Directory,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="its id, or how that begins")],
    out: Annotated[Path, typer.Option(help="a new file, FILE.json or FILE.pdf")],
    language: Annotated[str, typer.Option(help=f"of the PDF: {', '.join(LANGUAGES)}")] = DEFAULT,
) -> None:
    """The curtailment certificate. The JSON is judged by `python -m auditor curtailment`."""
    if out.suffix not in (".json", ".pdf"):
        raise fail(f"--out {out}: name it FILE.json or FILE.pdf")
    if language not in LANGUAGES:
        raise fail(f"--language {language}: it is one of {', '.join(LANGUAGES)}")
    if out.exists():
        raise fail(f"{out} exists; name a new file")
    made = _certified(directory, order)
    if out.suffix == ".json":
        out.write_bytes(made.encoded())
        typer.echo(f"{out}: judge it with: python -m auditor curtailment {out} --root root.pub")
        return
    from collector.cli.certificate_pdf import FontError, written  # noqa: PLC0415 - it loads fonts

    try:
        out.write_bytes(written(made, language))
    except FontError as error:
        raise fail(str(error)) from None
    typer.echo(f"{out}: for people; what can be judged is the JSON")


def _certified(directory: Path, name: str) -> Certificate:
    engine = open_directory(directory)
    try:
        signer = Keyring(directory).signer(Role.ORDERS)
    except (OSError, ValueError) as error:
        raise fail(f"the operator's key for orders cannot be read: {error}") from None
    view = Registry(engine).view()
    series = EmbeddedSeries(directory)
    try:
        grow(engine)
        with reading(engine) as connection:
            found = store.load_prefix(connection, name) if name.strip() else []
            if len(found) != 1:
                said = f"{len(found)} orders begin with" if found else "there is no order"
                raise fail(f"{said} {name!r}; `esep curtail list` names them")
            signed = newest(connection)
            if signed is None:
                raise fail("there is no checkpoint yet: esep collector checkpoint DIR")
            now_ms = time.time_ns() // 1_000_000
            return certify(connection, view, series, signed, signer, found[0], now_ms)
    except (CertificateError, ExhibitError, HoleError) as error:
        raise fail(f"{error}. Nothing was written") from None
    finally:
        series.close()
