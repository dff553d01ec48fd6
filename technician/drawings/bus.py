"""RS-485 as it must be laid (TIA-485-A; Modbus over Serial Line V1.02, 3.4)."""

from technician.drawings.sheet import CONTROL, DATA, Sheet

_A, _B, _C = 110, 134, 158
_METERS = ((230, "meter 1", 1), (390, "meter 2", 2), (550, "last meter", 3))


def bus() -> Sheet:
    sheet = Sheet("The bus: from one to the next, and ended at both ends", 700, 300)
    sheet.box((138, 74), (504, 100), is_dashed=True)
    sheet.box((20, 80), (110, 110))
    sheet.text((75, 100), "gateway", anchor="middle", is_bold=True)
    ends = 640
    for y, name in ((_A, "A / D1 / +"), (_B, "B / D0 / -"), (_C, "C / GND")):
        sheet.terminal((130, y), name, side="left", color=DATA)
        sheet.wire((134, y), (ends, y), color=DATA, is_dashed=y == _C)
    for x, name, unit in _METERS:
        sheet.box((x - 40, 210), (80, 40), f"{name}\nunit {unit}")
        for offset, y in ((-20, _A), (0, _B), (20, _C)):
            sheet.dot((x + offset, y), color=DATA)
            sheet.wire((x + offset, y), (x + offset, 210), color=DATA)
    for x in (165, 610):
        sheet.box((x - 8, _A + 4), (16, 16), "R")
        sheet.wire((x, _A), (x, _A + 4), color=DATA)
        sheet.wire((x, _A + 20), (x, _B), color=DATA)
    sheet.text((165, 98), "120 Ω", anchor="middle", size=8)
    sheet.text((610, 98), "120 Ω", anchor="middle", size=8)
    for x in (138, 642):
        sheet.wire((x, 74), (x, 174), color=CONTROL)
    sheet.wire((138, 74), (138, 52), color=CONTROL)
    sheet.text((146, 58), "screen: earthed here, at one end only", size=8, color=CONTROL)
    sheet.text(
        (20, 274),
        "No star, no branches longer than a metre. Each unit number once. A and B are exchanged by "
        "some makers: if nothing answers,\n"
        "exchange them at the gateway. Resistors at the two ends, nowhere else.",
        size=8.5,
    )
    return sheet
