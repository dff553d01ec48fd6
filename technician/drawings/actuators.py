"""How each kind of actuator is wired to an output and to the input of the same number."""

from technician.drawings.sheet import CONTROL, Sheet

KINDS = {
    "contactor": (
        "A contactor that is held",
        "coil A1-A2",
        "energised: the stage is closed. Without the gateway's\nsupply it opens.",
        "13-14",
    ),
    "undervoltage_release": (
        "A breaker with an undervoltage release",
        "release U<",
        (
            "energised: a person may close the breaker. Let go: it\n"
            "trips. A time delay where a restart must not trip it."
        ),
        "auxiliary",
    ),
    "shunt_trip": (
        "A breaker with a shunt trip",
        "release MX",
        "a pulse trips it; a person closes. Without the gateway's\nsupply it stays as it is.",
        "auxiliary",
    ),
    "permissive": (
        "The miners' own control",
        "input: run",
        (
            "closed: they may run. It isolates nothing, and what comes\n"
            "back is what the control says of itself."
        ),
        "output: running",
    ),
}
_LEFT, _RIGHT = 150, 320


def actuator(kind: str) -> Sheet:
    """One of `KINDS`."""
    title, coil, meaning, feedback = KINDS[kind]
    sheet = Sheet(title, 420, 300)
    is_dry = kind == "permissive"
    sheet.box((_LEFT - 88, 84), (150, 40), is_dashed=True)
    sheet.text((_LEFT, 56), "the control's +" if is_dry else "L (fused)", anchor="middle")
    sheet.wire((_LEFT, 60), (_LEFT, 90), color=CONTROL)
    sheet.text((_LEFT - 82, 98), "gateway,\noutput n", size=8)
    sheet.contact((_LEFT, 90), "relay n")
    sheet.wire((_LEFT, 114), (_LEFT, 160), color=CONTROL)
    sheet.coil((_LEFT, 160), coil)
    sheet.wire((_LEFT, 180), (_LEFT, 214), color=CONTROL)
    sheet.text((_LEFT, 226), "the control's 0" if is_dry else "N", anchor="middle")
    if not is_dry:
        sheet.wire((_LEFT - 30, 146), (_LEFT - 30, 196), color=CONTROL, is_dashed=True)
        sheet.wire((_LEFT, 146), (_LEFT - 30, 146), color=CONTROL, is_dashed=True)
        sheet.wire((_LEFT, 196), (_LEFT - 30, 196), color=CONTROL, is_dashed=True)
        sheet.text((_LEFT - 36, 168), "snubber or\nvaristor", anchor="end", size=8)
    sheet.text((_RIGHT, 56), "gateway, input n", anchor="middle")
    sheet.wire((_RIGHT, 60), (_RIGHT, 130), color=CONTROL)
    sheet.contact((_RIGHT, 130), feedback)
    sheet.wire((_RIGHT, 154), (_RIGHT, 214), color=CONTROL)
    sheet.text((_RIGHT, 226), "gateway, common", anchor="middle")
    sheet.text((_RIGHT + 8, 166), "closed when the\nstage is closed", size=8)
    sheet.text((16, 256), f"Relay n: {meaning}")
    return sheet
