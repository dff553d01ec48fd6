"""The tables of firmware/gateway/limit on CPython, and what docs/limiter.md shows of them.

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
    "reduction": ("well", "low", "reduced", "restoring", "untrue", "reduced_untrue"),
}
INPUTS = {
    "permit": ("fresh", "beat", "lost", "expired"),
    "load": ("above", "below", "due", "room", "back_some", "back_all"),
    "reduction": ("says_well", "says_low", "says_neither", "due"),
}
ACTIONS = ("nothing", "open", "release", "halt")
REDUCING = ("nothing", "open", "release", "tell")


def load(name: str, **known: ModuleType) -> ModuleType:
    """The module itself: MicroPython's `const`, and what it imports, are all CPython has not."""
    path = ROOT / "firmware" / "gateway" / "limit" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{name}_of_the_firmware", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    known["micropython"] = SimpleNamespace(const=lambda value: value)  # type: ignore[assignment]
    before = {each: sys.modules.get(each) for each in known}
    sys.modules.update(known)
    try:
        spec.loader.exec_module(module)
    finally:
        for each, found in before.items():
            if found is None:
                del sys.modules[each]
            else:
                sys.modules[each] = found
    return module


LIMITER = load("limiter")
FREQUENCY = load("frequency", **{"gateway.limit.limiter": LIMITER})


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


def reduction_rows() -> list[tuple[str, str, str, str]]:
    """(state, input, next state, what is done)"""
    states, inputs = STATES["reduction"], INPUTS["reduction"]
    return [
        (states[key >> 2], inputs[key & 3], states[after >> 2], REDUCING[after & 3])
        for key, after in sorted(FREQUENCY._TABLE.items())
    ]


def reduction_diagram() -> str:
    lines = ["stateDiagram-v2", "  [*] --> well"]
    for before, what, after, done in reduction_rows():
        does = "" if done == "nothing" else f" / {done}"
        lines.append(f"  {before} --> {after}: {what}{does}")
    return "\n".join(lines)


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
    return {
        "diagram": f"```mermaid\n{diagram()}\n```",
        "reduction": f"```mermaid\n{reduction_diagram()}\n```",
    }


def filled(document: str) -> str:
    for name, content in blocks().items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, _, rest = document.partition(begin)
        document = before + begin + content + end + rest.partition(end)[2]
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text("utf-8")), "utf-8")
