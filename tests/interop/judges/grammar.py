"""Judges the messages of vector files by a CDDL grammar; prints {file: {name: fits}} as JSON.

Arguments: the grammar, then the files. A file's `kind` is the rule of the grammar.
"""

import json
import sys
from pathlib import Path

from cddl_verifier import Validator

grammar = Validator(Path(sys.argv[1]))


def verdicts(path: Path) -> dict[str, bool]:
    document = json.loads(path.read_text("utf-8"))
    return {
        vector["name"]: grammar.validate(
            bytes.fromhex(vector["message"]), root_type=document["kind"]
        ).valid
        for vector in document["vectors"]
    }


print(json.dumps({path: verdicts(Path(path)) for path in sys.argv[2:]}))
