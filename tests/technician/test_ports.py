"""At which port a board hangs: one, none, or several."""

from dataclasses import dataclass

import pytest

from technician.faults import BagError, Code
from technician.ports import the_port


@dataclass
class Listed:
    device: str
    vid: int | None


MODEM = Listed("/dev/ttyS0", None)
CP210X = Listed("/dev/ttyUSB0", 0x10C4)
S3 = Listed("/dev/ttyACM0", 0x303A)


def test_the_one_that_can_be_a_board_is_taken() -> None:
    assert the_port([MODEM, CP210X]) == "/dev/ttyUSB0"


@pytest.mark.parametrize(
    ("there", "code"), [([MODEM], Code.NO_PORT), ([CP210X, S3], Code.SEVERAL_PORTS)]
)
def test_none_and_several_are_said(there: list[Listed], code: Code) -> None:
    with pytest.raises(BagError) as caught:
        the_port(there)
    assert caught.value.code == code
    assert all(port.device in caught.value.what for port in there if len(there) > 1)
