"""Which face models are in use: the released ones, or the operator's own."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class FaceSettings(BaseSettings):
    """`Settings` has them too."""

    face_models: Path | None = Field(
        default=None,
        alias="PENNYPROTECT_FACE_MODELS",
        description="Folder of face models of your own (triton_models/README.md); default: face-models in the home.",
    )
    face_version: int = Field(
        default=1,
        alias="PENNYPROTECT_FACE_VERSION",
        ge=1,
        le=999,
        description="1: the released face models; a number of its own for each model of your own.",
    )

    @field_validator("face_models")
    @classmethod
    def _own(cls, path: Path | None) -> Path | None:
        """`~` means the user's folder here, too."""
        return path and path.expanduser()
