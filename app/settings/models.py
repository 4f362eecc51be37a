"""Models: where they come from, where Triton reads them, and which face models are in use."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

# By alias only: with `populate_by_name` a field's own name is an environment variable too, and `home` would be $HOME.
ENVIRONMENT = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore")

OwnPath = Annotated[Path, AfterValidator(Path.expanduser)]
"""`~` means the user's folder in `.env` too, where no shell reads it."""


class ModelSettings(BaseSettings):
    """The settings about models; `Settings` has them too."""

    model_config = ENVIRONMENT

    model_mirror: OwnPath | None = Field(
        default=None, alias="PENNYPROTECT_MODEL_MIRROR", description="Folder searched by sha256 before any download."
    )
    model_source: str = Field(
        default="",
        alias="PENNYPROTECT_MODEL_SOURCE",
        description="s3://bucket/folder that `models mirror` copies artefacts from.",
    )
    model_repository: OwnPath | None = Field(
        default=None,
        alias="PENNYPROTECT_MODEL_REPOSITORY",
        description="Folder of models that Triton reads and pushes write to; default: triton/models in the home.",
    )
    model_keys: OwnPath | None = Field(
        default=None,
        alias="PENNYPROTECT_MODEL_KEYS",
        description="Folder of the public keys (*.pem) that may sign model versions; default: model-keys in the home.",
    )
    model_store: str = Field(
        default="",
        alias="PENNYPROTECT_MODEL_STORE",
        description="s3://bucket/folder (or a folder) of pushed versions, for Tritons that share no disk with the service.",
    )
    face_models: OwnPath | None = Field(
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


def face_version() -> int:
    """Version of the face models that this process names, for a constant of a module.

    The released one where that setting is wrong: `settings()` then ends what was started with a sentence, not a traceback.
    """
    try:
        return ModelSettings().face_version
    except ValueError:
        return int(ModelSettings.model_fields["face_version"].default)
