"""In which language a page is asked for, and how the answer says it."""

from typing import Annotated

from fastapi import Depends, Header

from collector.words.languages import LANGUAGES, accepted


def _asked(
    lang: str | None = None, accept_language: Annotated[str | None, Header()] = None
) -> str:
    return lang if lang in LANGUAGES else accepted(accept_language)


Language = Annotated[str, Depends(_asked)]
"""`?lang=`, else what the browser likes best, else English."""


def headers(language: str) -> dict[str, str]:
    return {"Content-Language": language, "Vary": "Accept-Language"}
