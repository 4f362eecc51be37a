"""Text that a policy's addresses take."""

from typing import Annotated, Final

from pydantic import StringConstraints

# NUL cannot be stored; control characters have no place in a sign.
TEXT: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=TEXT)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000, pattern=TEXT)]
