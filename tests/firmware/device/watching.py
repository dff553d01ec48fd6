"""The supervisor with a clock that is told, and a watchdog that counts: ../test_supervisor.py."""

from time import ticks_add

from gateway import health, supervisor
from serve import serve

TASKS = ("stages", "billing", "uplink")


class Cells(dict):
    def get_cell(self, name):
        return self.get(name)

    def put_cell(self, name, value):
        self[name] = value


class Watchdog:
    fed = 0

    def feed(self):
        self.fed += 1


def watch(limits_ms, steps):
    """Each step: ms that pass, and what each task does then: 0 nothing, 1 goes on, 2 rests.

    Returns for each whether the watchdog was fed, and which tasks were told to say nothing.
    """
    supervisor.LIMITS_MS = dict(zip(TASKS, limits_ms))
    health.seen.clear()
    told = []
    dog = Watchdog()
    watching = supervisor.Supervisor(dog, Cells(), told.append, lambda: None)
    now = ticks_add(0, -1_000)  # the counter is about to wrap
    seen = []
    for passed_ms, acts in steps:
        now = ticks_add(now, passed_ms)
        for task, act in zip(TASKS, acts):
            if act:
                health.seen[task] = now if act == 1 else None
        fed = dog.fed
        watching.check(now)
        seen.append([dog.fed > fed, sorted(told)])
        told.clear()
    return seen


def starts(events):
    """Each a cause of a reset, or "well": a start that came to something. For each start: safe?"""
    cells = Cells()
    safe = []
    for event in events:
        if event == "well":
            watching = supervisor.Supervisor(Watchdog(), cells, None, lambda: None)
            health.seen.clear()
            for _ in range(supervisor.WELL_S):
                watching.check(0)
        else:
            safe.append(supervisor.count_start(cells, event))
    return safe


serve(watch=watch, starts=starts)
