"""The files that `esep registry import` takes: which kind, in which form."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from collector.cli.arguments import fail
from collector.model.records import Allocation, Quota
from collector.registry.allocating import omitted
from collector.registry.documents import read_quotas, require_hours
from collector.registry.files import Format, read_file
from collector.registry.reading import FileError, Reading
from collector.registry.sheets import FILE_MAX
from collector.registry.store import Registry
from collector.registry.winners import read_mapping, read_winners
from collector.storage import reading

_PDF = "pdf"
FORMATS = f"{', '.join(get_args(Format))} or {_PDF}"


@dataclass(frozen=True)
class Form:
    """What was said of a file: `options` of a sheet; `mapping` and `layout` are files of their own.

    `is_complete`: it is all that there is of its zones and periods.
    """

    kind: str | None
    format: str | None
    options: Mapping[str, str | None]
    mapping: Path | None = None
    layout: Path | None = None
    is_complete: bool = False


def kind_and_file(words: list[str]) -> tuple[str | None, Path]:
    match words:
        case [file]:
            return None, Path(file)
        case [kind, file]:
            return kind, Path(file)
    raise fail("name a file, and before it the kind of records if it is a sheet: DIR [KIND] FILE")


def content_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_MAX:
            raise FileError(f"{path}: it has more than {FILE_MAX >> 20} MiB; split it")
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from None


def read_given(registry: Registry, content: bytes, path: Path, form: Form) -> Reading:
    """What a file gives the register; raises FileError, which names the file."""
    try:
        given = _read(registry, content, path, form)
    except FileError as error:
        raise FileError(f"{path}: {error}") from None
    if form.is_complete:
        bought = [record for record in given.records if isinstance(record, Allocation)]
        with reading(registry.engine) as connection:
            absent = omitted(connection, bought)
        given.records += absent
        given.places += ["absent from the file"] * len(absent)
    return given


def _read(registry: Registry, content: bytes, path: Path, form: Form) -> Reading:
    name = form.format or path.suffix.lower().removeprefix(".")
    for option, value, kind in (
        ("--mapping", form.mapping, Allocation.kind),
        ("--complete", form.is_complete or None, Allocation.kind),
        ("--layout", form.layout, Quota.kind),
    ):
        if value is not None and form.kind != kind:
            raise FileError(f"{option} is for the kind {kind}; name it before the file")
    if name == _PDF:
        if form.kind != Quota.kind:
            raise FileError("a PDF gives quotas: name the kind, quota, before the file")
        require_hours(registry.view())
        return read_quotas(content, form.layout)
    if name not in get_args(Format):
        raise FileError(f"--format {name or '...'}: it is one of {FORMATS}")
    if form.mapping is not None:
        require_hours(registry.view())
        return read_winners(content, read_mapping(form.mapping), **form.options)
    return read_file(content, cast("Format", name), form.kind, **form.options)
