"""The one way in which something is found wrong."""


class Refusal(Exception):  # noqa: N818 - the field's word; an error would be ours
    """`code` is a reason code of docs/wire-format.md; `detail` is for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
