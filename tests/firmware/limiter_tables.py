"""The tables of firmware/gateway/limiter.py on CPython, and what docs/limiter.md shows of them.

Run as a program it writes them into the document.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "limiter.md"

STATES = {
    "permit": ("none", "current", "failsafe", "beating", "renewed"),
    "load": ("under", "over", "shed", "shed_over", "ready"),
}
INPUTS = {
    "permit": ("fresh", "beat", "lost", "expired"),
    "load": ("above", "below", "due", "room", "back_some", "back_all"),
}
ACTIONS = ("nothing", "open", "release", "halt")


def load() -> ModuleType:
    """The module itself: MicroPython's `const` is all that CPython has not."""
    path = ROOT / "firmware" / "gateway" / "limit" / "limiter.py"
    spec = importlib.util.spec_from_file_location("limiter_of_the_firmware", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get("micropython")
    sys.modules["micropython"] = SimpleNamespace(const=lambda value: value)  # type: ignore[assignment]
    try:
        spec.loader.exec_module(module)
    finally:
        if before is None:
            del sys.modules["micropython"]
        else:
            sys.modules["micropython"] = before
    return module


LIMITER = load()


def permit_rows() -> list[tuple[str, str, str]]:
    """(state, input, next state)"""
    states, inputs = STATES["permit"], INPUTS["permit"]
    return [
        (states[key >> 3], inputs[key & 7], states[after])
        for key, after in sorted(LIMITER._PERMIT.items())
    ]


def load_rows() -> list[tuple[str, str, str, str]]:
    """(state, input, next state, what is done)"""
    states, inputs = STATES["load"], INPUTS["load"]
    return [
        (states[key >> 3], inputs[key & 7], states[after >> 3], ACTIONS[after & 7])
        for key, after in sorted(LIMITER._LOAD.items())
    ]


def diagram() -> str:
    """Both regions, as Mermaid draws them."""
    lines = ["stateDiagram-v2", "  state permit {", "    [*] --> none"]
    lines += [f"    {before} --> {after}: {what}" for before, what, after in permit_rows()]
    lines += ["  }", "  state load {", "    [*] --> under"]
    for before, what, after, done in load_rows():
        does = "" if done == "nothing" else f" / {done}"
        lines.append(f"    {before} --> {after}: {what}{does}")
    return "\n".join([*lines, "  }"])


def blocks() -> dict[str, str]:
    """What stands between the markers of the document, by their names."""
    return {"diagram": f"```mermaid\n{diagram()}\n```"}


def filled(document: str) -> str:
    for name, content in blocks().items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, _, rest = document.partition(begin)
        document = before + begin + content + end + rest.partition(end)[2]
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text("utf-8")), "utf-8")
