"""Gateways' keys for batches of frames: the register is asked once a batch, not once a frame."""

from collector.evidence.frame import Frame
from collector.evidence.keys import PublicKey
from collector.registry.store import Registry
from collector.registry.view import View


class GatewayKeys:
    """Answers by the register as it was at `renew`, and asks it once more before it says no."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._view = View([])
        self._may_ask = True

    def renew(self) -> None:
        """A batch begins."""
        self._view = self._registry.view()
        self._may_ask = True

    def is_known(self, gateway: bytes) -> bool:
        return self._view.knows(gateway) or self._asked_again().knows(gateway)

    def key_of(self, kid: bytes, frame: Frame) -> PublicKey | None:
        """The key of that key-id when it is the gateway's and valid for this frame."""
        found = self._view.gateway_key(kid, frame)
        return self._asked_again().gateway_key(kid, frame) if found is None else found

    def _asked_again(self) -> View:
        """Once a batch: strangers must not make the register slow for everybody."""
        if self._may_ask:
            self.renew()
            self._may_ask = False
        return self._view
