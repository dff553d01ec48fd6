"""What each input does in each state of the limiter's tables, in MicroPython."""

from serve import serve  # isort: skip

from gateway.limit import frequency, limiter


def permit(states, inputs):
    return [[limiter.permit_after(s, i) for i in range(inputs)] for s in range(states)]


def load(states, inputs):
    return [[limiter.load_after(s, i) for i in range(inputs)] for s in range(states)]


def reduction(states, inputs):
    return [[frequency.after(s, i) for i in range(inputs)] for s in range(states)]


def holding(states, scheduled, fail_safe):
    return [limiter.holding(state, scheduled, fail_safe) for state in range(states)]


def is_above(*arguments):
    return limiter.is_above(*arguments)


def has_room(*arguments):
    return limiter.has_room(*arguments)


serve(
    permit=permit,
    load=load,
    reduction=reduction,
    holding=holding,
    is_above=is_above,
    has_room=has_room,
)
