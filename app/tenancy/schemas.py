"""Kinds of text that several inputs take."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must hold printable characters only")
    return text


Name = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_printable)]
"""Without spaces around it and without control characters."""
