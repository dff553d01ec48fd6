"""In which language a page is asked for, and how the answer says it."""

from typing import Annotated

from fastapi import Depends, Header, Response

from collector.words.languages import LANGUAGES, accepted


def headers(language: str) -> dict[str, str]:
    return {"Content-Language": language, "Vary": "Accept-Language"}


def _asked(
    response: Response,
    lang: str | None = None,
    accept_language: Annotated[str | None, Header()] = None,
) -> str:
    language = lang if lang in LANGUAGES else accepted(accept_language)
    response.headers.update(headers(language))
    return language


Language = Annotated[str, Depends(_asked)]
"""`?lang=`, else what the browser likes best, else English. The answer says which, unless the
endpoint makes a response of its own: that says it by `headers`.
"""
