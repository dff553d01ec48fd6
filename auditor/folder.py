"""An exported evidence folder on disk."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.cose import MAX_BYTES
from auditor.keys import PublicKey
from auditor.refusal import Refusal
from auditor.register import Register, public_key

LENGTH_BYTES = 4


class FolderError(Exception):
    """The folder cannot be judged; the text says which file and why."""


class Folder:
    def __init__(self, path: Path) -> None:
        """Raises FolderError when there is no such folder, or its keys cannot be read."""
        if not path.is_dir():
            raise FolderError(f"{path} is not a folder")
        if not (path / "frames.bin").is_file():
            raise FolderError(f"{path} has no frames.bin")
        self.path = path
        self.root = self._root()
        self.register = self._register()

    def _root(self) -> PublicKey:
        try:
            return public_key(self._json("root.json"))
        except (ValueError, KeyError, TypeError) as error:
            raise FolderError(f"root.json: {error}") from error

    def _register(self) -> Register:
        try:
            return Register.from_json(self._json("keys.json"))
        except (ValueError, KeyError, TypeError) as error:
            raise FolderError(f"keys.json: {error}") from error

    def _json(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_bytes())
        except OSError as error:
            raise FolderError(f"{name}: {error.strerror}") from error

    def messages(self, kind: str) -> Iterator[tuple[str, bytes]]:
        """Name and content of the files `kind/*.cose`, by name."""
        for path in sorted((self.path / kind).glob("*.cose")):
            yield f"{kind}/{path.name}", path.read_bytes()

    def frames(self) -> Iterator[bytes]:
        """The frames in ledger order; raises Refusal where frames.bin cannot be cut into frames."""
        with (self.path / "frames.bin").open("rb") as file:
            while prefix := file.read(LENGTH_BYTES):
                length = int.from_bytes(prefix, "big")
                if len(prefix) < LENGTH_BYTES or length > MAX_BYTES:
                    raise Refusal("malformed", f"{prefix.hex()} is not the length of a frame")
                encoded = file.read(length)
                if len(encoded) < length:
                    raise Refusal("malformed", "frames.bin ends inside it")
                yield encoded
