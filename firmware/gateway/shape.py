"""Words to write down the shapes of docs/wire-format.cddl: each is, or makes, a test of a value.

A shape is made when it is needed: kept, it would take a kilobyte.
"""

_MAX_UINT = 0xFFFFFFFFFFFFFFFF
_MAX_UINT32 = 0xFFFFFFFF


def span(low: int, high: int):
    # True is no int to MicroPython.
    return lambda value: isinstance(value, int) and low <= value <= high


def text(value) -> bool:
    return isinstance(value, str)


def null(value) -> bool:
    return value is None


def data(size: int):
    return lambda value: isinstance(value, bytes) and len(value) == size


def either(*tests):
    return lambda value: any(test(value) for test in tests)


def array(test, low: int, high: int):
    """From `low` to `high` items of one shape."""

    def shaped(value) -> bool:
        return isinstance(value, list) and low <= len(value) <= high and all(map(test, value))

    return shaped


def row(*tests):
    """An array of one item for each test."""

    def shaped(value) -> bool:
        return (
            isinstance(value, list)
            and len(value) == len(tests)
            and all(test(item) for test, item in zip(tests, value))
        )

    return shaped


def record(required: dict, optional=None):
    """A map with these keys, each with its test, and no other."""

    def shaped(value) -> bool:
        if not isinstance(value, dict) or not all(key in value for key in required):
            return False
        for key, item in value.items():
            test = required.get(key) or (optional and optional.get(key))
            if not test or not test(item):
                return False
        return True

    return shaped


uint = span(0, _MAX_UINT)
uint32 = span(0, _MAX_UINT32)
seq = span(1, _MAX_UINT32)
version = span(1, 1)
