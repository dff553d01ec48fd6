"""Whether a stream of frames went back to an older configuration (§4)."""

from collections import defaultdict
from itertools import pairwise

from auditor.chains import Finding
from auditor.configurations import Configuration
from auditor.frames import Frame


class Versions:
    """The versions of the configurations that frames name, whatever the order they came in."""

    def __init__(self) -> None:
        self.by_stream: dict[tuple[bytes, int], dict[tuple[int, int], set[int]]] = defaultdict(
            lambda: defaultdict(set)
        )

    def add(self, frame: Frame, configuration: Configuration) -> None:
        of_stream = self.by_stream[frame.gateway, frame.stream]
        of_stream[frame.epoch, frame.seq].add(configuration.version)

    def findings(self) -> list[Finding]:
        """The frames whose version is lower than that of the frame before them, by epoch and seq.

        A gap does not hide it: the frame before is the nearest one that is here.
        """
        return sorted(
            Finding(gateway, stream, *name, name[1], "configuration_version_fell")
            for (gateway, stream), versions in self.by_stream.items()
            for (_, before), (name, here) in pairwise(sorted(versions.items()))
            if min(here) < max(before)
        )
