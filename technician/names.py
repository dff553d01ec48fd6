"""Fewer names in the image: what no other file knows bears a name that MicroPython has anyway.

A name that MicroPython has not in its own flash takes seven bytes of the heap, in pools each of
which is twice the one before; more than half of the firmware's are known in one file only, or in
one package within the application. Lines keep their numbers; in a traceback a function may bear
another name.
"""

import ast
import builtins
import symtable
from collections.abc import Iterable, Mapping

# Of the names that come with every MicroPython (static_qstr_list of py/makeqstrdata.py) those that
# no protocol looks for in an object, as a stream's `read` or an exception's `args`.
_ALPHABET = """
abs all any append bool builtins bytearray bytes callable chr classmethod clear copy count dict dir
divmod end endswith eval exec extend find format get getattr globals hasattr hash id index insert
int isalpha isdigit isinstance islower isspace issubclass isupper items iter join key keys len list
little locals lower lstrip main map micropython next object open ord pop popitem pow print range
remove replace repr reverse rfind rindex round rsplit rstrip sep set setattr setdefault sort sorted
split start startswith staticmethod step stop str strip sum super tuple type update upper values zip
ArithmeticError AssertionError AttributeError EOFError Ellipsis GeneratorExit ImportError
IndentationError KeyboardInterrupt LookupError NameError NoneType NotImplementedError OverflowError
StopIteration SyntaxError SystemExit ZeroDivisionError
"""
_FREE_OF_CHARGE = {*_ALPHABET.split(), *dir(builtins), "self"}
_HEADER_BYTES = 4


class _Words:
    """The words of a source, by what they are used for."""

    def __init__(self, source: str) -> None:
        self.arguments: set[str] = set()
        self.made: set[str] = set()
        """What a module, a class or an object is given here."""
        self.looked_up: set[str] = set()
        """What is looked for in a module or an object."""
        self.told: set[str] = set()
        """Strings, keywords of calls, imports: the name itself is meant."""
        self.local: set[str] = set()
        self.bases: set[str] = set()
        self.origins: dict[str, set[str]] = {}
        """By what is imported: the modules it may be, or be of."""
        self._scope(symtable.symtable(source, "", "exec"))
        for node in ast.walk(ast.parse(source)):
            self._note(node)

    def all(self) -> set[str]:
        return self.arguments | self.made | self.looked_up | self.told | self.local

    def known(self) -> set[str]:
        """Of which another file could know."""
        return self.made | self.looked_up

    def _scope(self, table: symtable.SymbolTable) -> None:
        if isinstance(table, symtable.Function):
            self.arguments |= {name for name in table.get_parameters() if name.isidentifier()}
        for symbol in table.get_symbols():
            name = symbol.get_name()
            self.local.add(name)
            if symbol.is_global():
                self.looked_up.add(name)
            if not isinstance(table, symtable.Function) and symbol.is_assigned():
                self.made.add(name)
            elif symbol.is_namespace():
                self.arguments.add(name)  # a function within a function is as local
        for child in table.get_children():
            self._scope(child)

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.Attribute(attr=name, value=ast.Name("self"), ctx=ast.Store()):
                self.made.add(name)
            case ast.Attribute(attr=name):
                self.looked_up.add(name)
            case ast.Constant(value=str(text)):
                self.told.add(text)
            case ast.keyword(arg=str(name)):
                self.told.add(name)
            case ast.ClassDef(bases=bases):
                words = [word for base in bases for word in ast.walk(base)]
                self.bases |= {word.id for word in words if isinstance(word, ast.Name)}
            case ast.Import(names=names):
                self.told |= {part for alias in names for part in alias.name.split(".")}
            case ast.ImportFrom(module=str(module), names=names):
                self.told |= set(module.split("."))
                for alias in names:
                    self.looked_up |= {alias.name, alias.asname or alias.name}
                    self.origins[alias.asname or alias.name] = {module, f"{module}.{alias.name}"}


def shared(sources: Mapping[str, str]) -> dict[str, str]:
    """What to put in place of which name, in all files; sources by module.

    No two names of a file become one, nor of files with classes of one line of descent: where there
    is no name left, the own one is kept.
    """
    files = {module: _Words(source) for module, source in sources.items()}
    homes = [[files[module] for module in home] for home in _homes(files)]
    rooms = [[files[module] for module in room] for room in _rooms(_homes(files))]
    free = _arguments(files.values()) | _own(rooms)
    free -= _all(file.told for file in files.values()) | set(files) | _FREE_OF_CHARGE
    words = [_all(file.all() for file in home) for home in homes]
    mapping: dict[str, str] = {}
    near_of = {name: _all(home for home in words if name in home) for name in free}
    for name in sorted(free, key=lambda name: (-len(near_of[name] & free), name)):
        waiting = free - mapping.keys()
        taken = {mapping.get(other, other) for other in near_of[name] - waiting}
        new = next((new for new in _ALPHABET.split() if new not in taken), None)
        if new is not None:
            mapping[name] = new
    return mapping


def _arguments(files: Iterable[_Words]) -> set[str]:
    """Names of arguments, and of nothing else."""
    return _all(file.arguments for file in files) - _all(file.known() for file in files)


def _own(rooms: list[list[_Words]]) -> set[str]:
    """Names known in one room only, and private ones, which are made wherever they are known."""
    made, foreign, known_elsewhere, known = set[str](), set[str](), set[str](), set[str]()
    for room in rooms:
        known_here = _all(file.known() for file in room)
        made_here = _all(file.made for file in room)
        made |= made_here
        foreign |= known_here - made_here
        known_elsewhere |= known_here & known
        known |= known_here
    return {
        name
        for name in made - foreign
        if name not in known_elsewhere or name[0] == "_"
        if not name.endswith("__")
    }


def _homes(files: Mapping[str, _Words]) -> list[set[str]]:
    """Modules in sets; a class and those that it extends are in one."""
    homes = {module: {module} for module in files}
    for module, file in files.items():
        for base in file.bases:
            for origin in file.origins.get(base, set()) & files.keys():
                joined = homes[module] | homes[origin]
                homes |= dict.fromkeys(joined, joined)
    return [home for module, home in homes.items() if module == min(home)]


def _rooms(homes: Iterable[set[str]]) -> list[set[str]]:
    """Homes in sets: those of one package within the application's are in one."""
    rooms: dict[str, set[str]] = {}
    for home in homes:
        names = {module.rpartition(".")[0] if module.count(".") > 1 else module for module in home}
        rooms.setdefault(min(names), set()).update(home)
    return list(rooms.values())


def _all(sets: Iterable[set[str]]) -> set[str]:
    return set[str]().union(*sets)


def renamed(compiled: bytes, mapping: Mapping[str, str]) -> bytes:
    """A compiled module with these names: they stand in one table, after its header."""
    count, at = _number(compiled, _HEADER_BYTES)
    _, at = _number(compiled, at)
    out = compiled[:at]
    for _ in range(count):
        size, at = _number(compiled, at)
        if size & 1:  # the number of a name that every MicroPython has
            out += _encoded(size)
            continue
        end = at + (size >> 1)
        name = compiled[at:end].decode()
        new = mapping.get(name, name).encode()
        out += _encoded(len(new) << 1) + new + b"\x00"
        at = end + 1
    return out + compiled[at:]


def _number(data: bytes, at: int) -> tuple[int, int]:
    """(the number that begins there, where it ends)"""
    number = 0
    while True:
        number = number << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            return number, at


def _encoded(number: int) -> bytes:
    out = [number & 0x7F]
    while number := number >> 7:
        out.insert(0, number & 0x7F | 0x80)
    return bytes(out)
