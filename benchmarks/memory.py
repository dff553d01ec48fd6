"""What importing each module of the firmware takes of an ESP32's heap, in its image in flash."""

import ast
import json
import shutil
import subprocess
import tempfile
from graphlib import TopologicalSorter
from pathlib import Path

from technician.bundle import FIRMWARE, write_bundle

LIBRARY = (
    Path(__file__).resolve().parents[1]
    / ".cache/wasm/node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"
)
_SCRIPT = Path(__file__).with_name("wasm") / "imports.mjs"
_ROOM = "gateway"


class MemoryToolError(RuntimeError):
    """Node.js or MicroPython for WebAssembly is not here; the text says how to get it."""


def measure() -> dict[str, int]:
    """Bytes of the heap by module, in the order of import: what a module imports comes before it.

    Of a heap with words of 32 bits. Raises MemoryToolError.
    """
    node = shutil.which("node")
    if node is None:
        raise MemoryToolError("node is not installed; on Debian and Ubuntu: apt install nodejs")
    if not LIBRARY.exists():
        raise MemoryToolError(
            "MicroPython for WebAssembly is not installed: make .cache/wasm/.installed"
        )
    names = modules()
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch, "firmware.romfs")
        write_bundle(image)
        done = subprocess.run(
            [node, _SCRIPT, LIBRARY, image, *names], check=True, capture_output=True, text=True
        )
    told = json.loads(done.stdout)
    assert told["word_bits"] == 32
    found: dict[str, int] = told["modules"]
    return found


def table(modules: dict[str, int]) -> str:
    """As docs/memory.md has it."""
    rows = [f"| `{name}` | {size} |" for name, size in sorted(modules.items())]
    return "\n".join(
        ["| module | bytes |", "|---|---:|", *rows, f"| all | {sum(modules.values())} |"]
    )


def modules() -> list[str]:
    """The modules of the gateway, each after those that it imports."""
    imports = {_name(path): _imports(path) for path in sorted((FIRMWARE / _ROOM).rglob("*.py"))}
    graph = {name: sorted(needs & set(imports)) for name, needs in imports.items()}
    return list(TopologicalSorter(graph).static_order())


def _name(path: Path) -> str:
    parts = path.relative_to(FIRMWARE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> set[str]:
    """What it imports as it is imported itself: not what a function imports when it is called."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found - {_name(path)}
