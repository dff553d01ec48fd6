"""`esep device read`, `configure`: a signed reading of every meter, and another configuration.

Read, configured and read again a meter is exchanged, and the bill goes on to the Wh.
"""

import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.evidence.configuration import read_configuration
from collector.evidence.errors import EvidenceError
from collector.evidence.frame import read_frame
from collector.model.profile import Profile
from collector.model.profile_files import METERS, profile_names
from technician.asking import given
from technician.base_image import read_file
from technician.console import Console
from technician.doctor import Stay
from technician.event_words import at
from technician.faults import BagError, Code
from technician.frames_over_console import newest
from technician.outcome import done, failed
from technician.papers import read_root
from technician.ports import the_port
from technician.provision import AsJson, Port, Root

_NO_RATIO = Fraction(1)


def read(port: Port = None, stay: Stay = False, as_json: AsJson = False) -> None:
    """Have the gateway read every meter now, and sign it. To be compared with their displays."""
    try:
        with Console(port or the_port()) as console:
            answer = console.run("read")
            if not stay:
                console.back_to_work()
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    meters = [_shown(*each) for each in answer["meters"]]
    done({"gateway": answer["gateway"], "meters": meters}, _text(meters), as_json=as_json)
    if not all(each["energies"] for each in meters):
        raise typer.Exit(1)


def configure(
    file: Annotated[Path | None, typer.Argument(help="the signed configuration")] = None,
    root: Root = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Give a gateway another configuration, which its next start judges: it starts with it."""
    ask = sys.stdin.isatty() and not as_json
    try:
        operator = read_root(Path(given(root, "--root", "the operator's root.pub", ask=ask)))
        path = Path(given(file, "the configuration", "the signed configuration", ask=ask))
        content = read_file(path)
        try:
            body = read_configuration(content, operator)
        except EvidenceError as error:
            raise BagError(Code.REPLY_REFUSED, f"{path.name}: {error.reason}: {error}") from None
        meant = body[1].hex()
        with Console(port or the_port()) as console:
            for message in newest(console, 1):
                gateway = read_frame(message)[1].gateway.hex()
                if gateway != meant:
                    raise BagError(
                        Code.OTHER_GATEWAY, f"{path.name} is for {meant}; this is {gateway}"
                    )
            console.lay("configuration.cose", content)
            console.back_to_work()
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    text = f"{meant} starts with version {body[2]}. `esep device logs` says whether it holds."
    done({"gateway": meant, "version": body[2]}, text, as_json=as_json)


def _shown(
    slot: int,
    serial: str,
    profile: str,
    ct: list[int],
    vt: list[int],
    read_ms: int,
    quality: str | None,
    raw: str,
) -> dict[str, Any]:
    """`energies`: in Wh, as the register has it and as the bill takes it, exact."""
    energies = {}
    if profile in profile_names():
        known = Profile.parse((METERS / f"{profile}.toml").read_bytes())
        content = bytes.fromhex(raw), bytes.fromhex(quality) if quality else None
        found = [
            known.decode(*content, interval=True, ct=current, vt=voltage)
            for current, voltage in ((_NO_RATIO, _NO_RATIO), (Fraction(*ct), Fraction(*vt)))
        ]
        energies = {
            name: {"register_wh": str(own.value), "billed_wh": str(found[1][name].value)}
            for name, own in found[0].items()
        }
    return {"slot": slot, "serial": serial, "at": at(read_ms), "energies": energies, "raw": raw}


def _text(meters: list[dict[str, Any]]) -> str:
    lines = []
    for meter in meters:
        lines.append(f"meter {meter['slot']}, number {meter['serial']}, {meter['at']}")
        lines += [
            f"  {name}: {_kwh(wh['register_wh'])} kWh; with its transformers"
            f" {_kwh(wh['billed_wh'])} kWh"
            for name, wh in meter["energies"].items()
        ] or ["  no energy that can be believed"]
    return "\n".join([*lines, "Signed. Compare with the displays, and write both down."])


def _kwh(wh: str) -> str:
    kwh = Fraction(wh) / 1000
    return f"{Decimal(kwh.numerator) / kwh.denominator:.3f}"
