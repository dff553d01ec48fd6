"""What a technician can meet, by a code that stays: what to do about each is printed from here."""

from enum import StrEnum


class Code(StrEnum):
    """Stable; each has its cure in CURES and in docs/technician.md."""

    NOT_ASKED = "not_asked"
    WRONG_VALUE = "wrong_value"
    UNKNOWN_PROFILE = "unknown_profile"
    UNKNOWN_BOARD = "unknown_board"
    NO_FILE = "no_file"
    NO_CHECKSUM = "no_checksum"
    WRONG_CHECKSUM = "wrong_checksum"
    WRONG_IMAGE = "wrong_image"
    BUNDLE_REFUSED = "bundle_refused"
    DOES_NOT_FIT = "does_not_fit"
    NO_ESPTOOL = "no_esptool"
    NO_PORT = "no_port"
    SEVERAL_PORTS = "several_ports"
    PORT_GONE = "port_gone"
    NO_ANSWER = "no_answer"
    WRONG_CHIP = "wrong_chip"
    SMALL_FLASH = "small_flash"
    OTHER_LAYOUT = "other_layout"
    CABLE = "cable"
    NOT_VERIFIED = "not_verified"
    ESPTOOL_FAILED = "esptool_failed"
    FILE_EXISTS = "file_exists"
    ORDER_REFUSED = "order_refused"
    REPLY_REFUSED = "reply_refused"
    ENROLMENT_DAMAGED = "enrolment_damaged"
    NO_REPLY = "no_reply"
    OTHER_GATEWAY = "other_gateway"
    NO_CONSOLE = "no_console"
    BOARD_REFUSED = "board_refused"
    NO_METER = "no_meter"
    NO_CASE = "no_case"
    UNKNOWN_STEP = "unknown_step"
    WRONG_PROCEDURE = "wrong_procedure"
    NOT_YET = "not_yet"
    NOT_COMMISSIONED = "not_commissioned"
    SIGNED_ALREADY = "signed_already"
    KEY_REFUSED = "key_refused"
    ACT_REFUSED = "act_refused"
    NOT_CONFIRMED = "not_confirmed"


CURES: dict[Code, str] = {
    Code.NOT_ASKED: "give it as an option; in a terminal it is asked for",
    Code.WRONG_VALUE: "write it as it is shown in the message",
    Code.UNKNOWN_PROFILE: "take a name of `esep device profile list`, or a good file that ends in"
    " .toml",
    Code.UNKNOWN_BOARD: "take a name of `esep device board list`; it is printed on the board",
    Code.NO_FILE: "name the file where it is; copy it to the laptop first",
    Code.NO_CHECKSUM: "whoever built and tried the base image writes its version and SHA-256 into"
    " the board's file, under [base_image]: hardware/boards/README.md",
    Code.WRONG_CHECKSUM: "copy the image again from where it was built; if it is a newer one, its"
    " checksum must be in the board's file first",
    Code.WRONG_IMAGE: "take the firmware.bin that was built for this board's chip",
    Code.BUNDLE_REFUSED: "take the bundle from who releases it, and this operator's root.pub; an"
    " unsigned image is for the bench, not for a site",
    Code.DOES_NOT_FIT: "take the image that was built for this board",
    Code.NO_ESPTOOL: "install it beside Esep: `pip install -c constraints.txt --group technician`",
    Code.NO_PORT: "plug the board in with a cable that carries data, and install its USB driver; or"
    " name the port with --port",
    Code.SEVERAL_PORTS: "unplug the other boards, or name the port with --port",
    Code.PORT_GONE: "look at the cable; close what else uses the port; then run the same again",
    Code.NO_ANSWER: "hold BOOT, press RESET, let go of BOOT; then run the same again",
    Code.WRONG_CHIP: "take the board's own file: `esep device board list`; nothing was written",
    Code.SMALL_FLASH: "take a board with the flash that its file names; nothing was written",
    Code.OTHER_LAYOUT: "take out what the journal holds (`handover`), retire the gateway; then run"
    " it with --forget-everything; nothing was written",
    Code.CABLE: "look at the cable, and run the same again: what is right already stays as it is",
    Code.NOT_VERIFIED: "run the same again; if it comes back, the flash is worn: change the board",
    Code.ESPTOOL_FAILED: "read what esptool said, and run the same again",
    Code.FILE_EXISTS: "name a new file; nothing is written over",
    Code.ORDER_REFUSED: "take the order as the collector signed it, and this operator's root.pub",
    Code.REPLY_REFUSED: "take the reply as the collector wrote it, and this operator's root.pub",
    Code.ENROLMENT_DAMAGED: "delete the file, and run the same again: the board has the same keys",
    Code.NO_REPLY: "bring enrolment.json to the collector: `esep registry enrol DIR enrolment.json"
    " --out reply.json`; put reply.json into the folder, and run the same again",
    Code.OTHER_GATEWAY: "take the board out of which this reply came, or this board's reply",
    Code.NO_CONSOLE: "hold BOOT, without RESET, and run the same again; if that does not help press"
    " RESET, wait three seconds, then hold BOOT; nothing was changed",
    Code.BOARD_REFUSED: "do what the board says; then run the same again",
    Code.NO_METER: "look for it with `esep device scan`; look at its supply, its address and speed"
    " on its display, and at A and B",
    Code.NO_CASE: "begin it: `esep device commission begin FOLDER --order … --root …`",
    Code.UNKNOWN_STEP: "take a step that `esep device commission status FOLDER` names",
    Code.WRONG_PROCEDURE: "take the procedure that the operator gave out, unchanged",
    Code.NOT_YET: "do the step `identity` first",
    Code.NOT_COMMISSIONED: "put right what is open, and do those steps again; nothing was signed",
    Code.SIGNED_ALREADY: "what is found from now on belongs into another act: begin a new folder",
    Code.KEY_REFUSED: "take your own key, its passphrase, and the certificate that the root made"
    " for it",
    Code.ACT_REFUSED: "take act.json as it was made, and this operator's root.pub",
    Code.NOT_CONFIRMED: "type the id that the label of this very gateway has; nothing was done",
}

_WRONGLY_CALLED = {
    Code.NOT_ASKED,
    Code.WRONG_VALUE,
    Code.UNKNOWN_PROFILE,
    Code.UNKNOWN_BOARD,
    Code.NO_FILE,
    Code.NO_CHECKSUM,
    Code.WRONG_CHECKSUM,
    Code.WRONG_IMAGE,
    Code.BUNDLE_REFUSED,
    Code.DOES_NOT_FIT,
    Code.NO_ESPTOOL,
    Code.FILE_EXISTS,
    Code.ORDER_REFUSED,
    Code.REPLY_REFUSED,
    Code.NO_CASE,
    Code.UNKNOWN_STEP,
    Code.WRONG_PROCEDURE,
    Code.NOT_YET,
    Code.SIGNED_ALREADY,
    Code.KEY_REFUSED,
    Code.ACT_REFUSED,
    Code.ENROLMENT_DAMAGED,
}
_WAITS_FOR_OTHERS = 3


class BagError(Exception):
    """`what` happened, in words; the cure follows from the code."""

    def __init__(self, code: Code, what: str) -> None:
        super().__init__(f"{code}: {what}\n  {CURES[code]}")
        self.code = code
        self.what = what

    @property
    def exit_code(self) -> int:
        """2: what was given is wrong, and no board was touched. 1: the board, or the way to it.
        3: nothing is wrong, and somebody else's turn.
        """
        if self.code is Code.NO_REPLY:
            return _WAITS_FOR_OTHERS
        return 2 if self.code in _WRONGLY_CALLED else 1

    def as_json(self) -> dict[str, str]:
        return {"code": str(self.code), "what": self.what, "cure": CURES[self.code]}
