"""Business identification numbers: year and month of registration, type, number, check digit.

Government order No. 565 of 2003-06-11 (adilet.zan.kz P030000565_); the arithmetic also in OECD,
"Kazakhstan: information on tax identification numbers".
"""

_WEIGHTS = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))


def check_digit(digits: str) -> int | None:
    """Of a number's first eleven digits; None: no number begins so."""
    for weights in _WEIGHTS:
        rest = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11
        if rest < 10:
            return rest
    return None


def fault(number: str) -> str | None:
    """What is certainly wrong with twelve digits, and what would be right."""
    if not number.isascii():
        return f"{number} is no BIN: write it with the digits 0 to 9"
    right = check_digit(number[:11])
    if right is None:
        return f"{number} is no BIN: no number begins {number[:11]}"
    if int(number[11]) != right:
        return f"{number} is no BIN: after {number[:11]} the check digit {right} would be right"
    return None


def doubt(number: str) -> str | None:
    """What is odd about its parts. A sole trader has an IIN, whose fifth digit is of a day."""
    if not 1 <= int(number[2:4]) <= 12:
        return f"{number}: its third and fourth digits are no month; compare it with the document"
    return None
