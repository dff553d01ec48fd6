"""Pure parts of the plant side: the plan of a meter's requests, the stages' table."""

from gateway import meters, stages
from serve import serve


class Coil:
    def __init__(self):
        self.on = True

    def energised(self):
        return self.on

    def energise(self, on):
        self.on = on


def plan(quantities, max_registers):
    return meters.plan([tuple(quantity) for quantity in quantities], max_registers)


def walk(inputs):
    """Feed a stage inputs by name; returns [(state, coil energised, told), …] after each."""
    coil = Coil()
    stage = stages.Stage({0: 1, 1: 1, 2: 0, 3: 0, 4: 100}, coil, None)
    seen = []
    for name in inputs:
        told = stage.feed(getattr(stages, name), 0)
        seen.append((stage.state, coil.on, told))
    return seen


def names():
    wanted = [name for name in dir(stages) if name.isupper() and name[0] != "_"]
    return {name: getattr(stages, name) for name in wanted if name != "TRANSITIONS"}


serve(plan=plan, walk=walk, names=names)
