"""A site from the grid to its stages: what is metered, what is switched, and what never is."""

from technician.drawings.sheet import CONTROL, DATA, Sheet

_BAR_Y = 150
_FEET_Y = 330
_GATEWAY = 110
_BRANCHES = (
    (270, "M2", None, "protected floor:\nventilation, pumps,\nfire, frost"),
    (420, "M3", "K1", "stage 1\nhall 1"),
    (560, "M4", "K2", "stage 2\nhall 2"),
)


def site() -> Sheet:
    sheet = Sheet("A site: who is fed from where", 700, 470)
    _supply(sheet)
    _gateway(sheet)
    for x, meter, switch, load in _BRANCHES:
        _branch(sheet, x, meter, switch, load)
    _bus(sheet)
    _control(sheet)
    _legend(sheet)
    return sheet


def _supply(sheet: Sheet) -> None:
    sheet.text((350, 48), "grid", anchor="middle")
    sheet.wire((350, 52), (350, 70))
    sheet.box((330, 70), (40, 22), "M1")
    sheet.text((324, 84), "delivery point: what is billed,\nwith its CTs and VTs", anchor="end")
    sheet.wire((350, 92), (350, 110))
    sheet.box((330, 110), (40, 20), "Q0")
    sheet.text((376, 124), "main breaker. Opening it is always a person's order")
    sheet.wire((350, 130), (350, _BAR_Y))
    sheet.wire((_GATEWAY, _BAR_Y), (620, _BAR_Y))


def _gateway(sheet: Sheet) -> None:
    sheet.dot((_GATEWAY, _BAR_Y))
    sheet.wire((_GATEWAY, _BAR_Y), (_GATEWAY, 178))
    sheet.box((_GATEWAY - 20, 178), (40, 20), "F1")
    sheet.wire((_GATEWAY, 198), (_GATEWAY, 232))
    sheet.text(
        (_GATEWAY - 8, 114),
        "taken off before every stage:\nno order may unpower\nits own gateway",
        size=8,
        anchor="middle",
    )
    sheet.box(
        (_GATEWAY - 70, 232), (140, 98), "GATEWAY\n\nsupply · bus · outputs\ninputs · network"
    )
    sheet.text((_GATEWAY, 352), "S1 LOCAL / REMOTE", anchor="middle")
    sheet.text((_GATEWAY, 365), "S2 lock-out, S3 reset", anchor="middle")
    sheet.wire((_GATEWAY, 330), (_GATEWAY, 342), color=CONTROL, is_dashed=True)


def _branch(sheet: Sheet, x: float, meter: str, switch: str | None, load: str) -> None:
    sheet.dot((x, _BAR_Y))
    sheet.wire((x, _BAR_Y), (x, 178))
    sheet.box((x - 20, 178), (40, 22), meter)
    sheet.wire((x, 200), (x, 240))
    if switch is None:
        sheet.wire((x, 240), (x, _FEET_Y))
        sheet.text((x + 8, 256), "no output is\nwired to it")
    else:
        sheet.box((x - 20, 240), (40, 26), switch)
        sheet.wire((x, 266), (x, _FEET_Y))
    sheet.box((x - 52, _FEET_Y), (104, 48), load)


def _bus(sheet: Sheet) -> None:
    """To each meter in turn."""
    sheet.wire((180, 300), (210, 300), (210, 216), (620, 216), color=DATA)
    for x, *_ in _BRANCHES:
        sheet.wire((x + 12, 216), (x + 12, 200), color=DATA)
    sheet.wire((620, 216), (660, 216), (660, 81), (370, 81), color=DATA)
    sheet.text((216, 212), "RS-485", color=DATA, size=8)


def _control(sheet: Sheet) -> None:
    """Outputs to the coils, auxiliary contacts back."""
    for number, (x, _, switch, _) in enumerate(_BRANCHES):
        if switch is None:
            continue
        y = 396 + 14 * number
        sheet.wire(
            (_GATEWAY + 50 + 8 * number, 330),
            (_GATEWAY + 50 + 8 * number, y),
            (x + 62, y),
            (x + 62, 253),
            (x + 20, 253),
            color=CONTROL,
            is_dashed=True,
        )
        sheet.text((x + 24, 249), "coil, contact", size=7, color=CONTROL)


def _legend(sheet: Sheet) -> None:
    sheet.wire((20, 452), (50, 452))
    sheet.text((56, 455), "mains")
    sheet.wire((110, 452), (140, 452), color=CONTROL, is_dashed=True)
    sheet.text(
        (146, 455), "output to the coil, and auxiliary contact to the input of the same number"
    )
    sheet.wire((490, 452), (520, 452), color=DATA)
    sheet.text((526, 455), "bus")
