"""Answers requests: one JSON array a line in, one JSON value a line out."""

import gc
import json
import sys


def serve(**functions):
    """A request is the name of a function and its arguments."""
    while True:
        gc.collect()
        line = sys.stdin.readline()
        if not line:
            return
        name, *arguments = json.loads(line)
        print(json.dumps(functions[name](*arguments)))
