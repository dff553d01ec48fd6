"""Answers requests: one JSON array a line in, one JSON value a line out.

To be imported first: collecting early keeps what lives long together, as the application does.
"""

import gc

gc.threshold(8192)

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
        json.dump(functions[name](*arguments), sys.stdout)
        print()
