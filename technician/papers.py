"""What the operator gave for a board, judged: his root, the work order, the collector's reply."""

from pathlib import Path

from collector.evidence.configuration import read_configuration
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from collector.evidence.work_order import Enrolled, Reply, WorkOrder, read_work_order
from technician.base_image import read_file
from technician.boards import Board, BoardError, load_board
from technician.faults import BagError, Code


def read_root(path: Path) -> PublicKey:
    """Raises BagError, as all of these."""
    try:
        return PublicKey(read_file(path))
    except ValueError as error:
        raise BagError(Code.NO_FILE, f"{path} is no root.pub: {error}") from None


def read_order(content: bytes, operator: PublicKey) -> WorkOrder:
    try:
        return read_work_order(content, operator)
    except EvidenceError as error:
        raise BagError(Code.ORDER_REFUSED, f"{error.reason}: {error}") from None


def read_reply(path: Path, operator: PublicKey) -> Reply:
    try:
        answer = Reply.of_file(read_file(path))
        body = read_configuration(answer.configuration, operator)
    except EvidenceError as error:
        raise BagError(Code.REPLY_REFUSED, f"{path.name}: {error.reason}: {error}") from None
    if body[1].hex() != answer.gateway:
        raise BagError(Code.REPLY_REFUSED, f"{path.name}: its configuration is another gateway's")
    return answer


def read_enrolled(path: Path) -> Enrolled:
    """Of the file that goes to the collector."""
    try:
        return Enrolled.of_file(read_file(path))
    except EvidenceError as error:
        raise BagError(Code.ENROLMENT_DAMAGED, f"{path}: {error.reason}: {error}") from None


def board_of(work: WorkOrder) -> Board:
    try:
        return load_board(work.board)
    except BoardError as error:
        raise BagError(Code.UNKNOWN_BOARD, str(error)) from None
