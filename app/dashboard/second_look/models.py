"""What is asked of the model, and what its answer may say: a draft and a lower place in the list, no name. Pure."""

import base64
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from app.alerts.models import LookState
from app.kit.decoding import one_error

MOST_TOKENS_OUT = 300
ASSUMED_TOKENS = 2000
"""What a call counts for where the answer does not say, or never came: whoever asked may have to pay for it."""
SYSTEM = (
    "You check alerts of a store's safety cameras on one still picture with heads blurred. Say whether the picture supports the"
    " alert. Describe acts and the place only, in one or two plain sentences. Never describe, name, guess or compare who or what"
    " a person is: no age, sex, ethnicity, clothing, identity, intent or guilt. If you cannot tell, say so."
)


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model's answer, in exactly this shape."""

    supports: Literal["supports", "does-not-support", "cannot-tell"]
    summary: Annotated[str, msgspec.Meta(max_length=400)]


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["supports", "summary"],
    "properties": {
        "supports": {"type": "string", "enum": ["supports", "does-not-support", "cannot-tell"]},
        "summary": {"type": "string", "description": "One or two sentences about acts and place."},
    },
}
_decode = one_error(msgspec.json.Decoder(Verdict).decode)


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one look; `tokens` is what it costs of the day's allowance."""

    state: LookState
    verdict: Verdict | None = None
    tokens: int = 0


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Usage(msgspec.Struct):
    total_tokens: int = ASSUMED_TOKENS


class _Reply(msgspec.Struct):
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1)]
    usage: _Usage | None = None


_decode_reply = one_error(msgspec.json.Decoder(_Reply).decode)


def request_of(model: str, sentence: str, jpeg: bytes) -> dict[str, Any]:
    """The body of `POST {base}/chat/completions`: one still, an answer in `SCHEMA`."""
    picture = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": SYSTEM},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": sentence},
                    {"type": "image_url", "image_url": {"url": picture, "detail": "low"}},
                ],
            },
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "second_look", "strict": True, "schema": dict(SCHEMA)},
        },
        "max_completion_tokens": MOST_TOKENS_OUT,
    }


def read_reply(raw: bytes) -> Looked:
    """What a reply says; one in another shape, or a refusal, says nothing."""
    try:
        reply = _decode_reply(raw)
    except msgspec.DecodeError:
        return Looked(LookState.UNREADABLE, tokens=ASSUMED_TOKENS)
    tokens = max(0, reply.usage.total_tokens) if reply.usage is not None else ASSUMED_TOKENS
    message = reply.choices[0].message
    if message.refusal or message.content is None:
        return Looked(LookState.UNREADABLE, tokens=tokens)
    try:
        return Looked(LookState.ANSWERED, _decode(message.content), tokens)
    except msgspec.DecodeError:
        return Looked(LookState.UNREADABLE, tokens=tokens)


class Allowance(enum.Enum):
    """Whether another call may be made today."""

    YES = enum.auto()
    USED_UP = enum.auto()


def allowance(tokens_today: int, tokens_a_day: int) -> Allowance:
    """A call is made while a whole assumed one still fits."""
    return Allowance.YES if tokens_today + ASSUMED_TOKENS <= tokens_a_day else Allowance.USED_UP


def sentence_of(kind: str, explanation: Mapping[str, Any]) -> str:
    """The alert in a sentence: its kind and the rule's figures; no place, no person, no time."""
    figures = ", ".join(f"{name} {value}" for name, value in explanation.items() if isinstance(value, int | float))
    return f"The alert says: {kind.replace('-', ' ')}{f' ({figures})' if figures else ''}. Does the picture support it?"
