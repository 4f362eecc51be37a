"""Addresses of channels: whether one can be used, and what people know it by. Pure."""

import re
from typing import Final

from app.kit.egress import split_address
from app.kit.errors import BadInputError
from app.notifications.models import HOOKS, ChannelKind

_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,63}")


def demand_address(kind: ChannelKind, address: str) -> str:
    """The address in its one form; BadInputError says how it should look."""
    if kind in HOOKS:
        parts = split_address(address)
        if parts.scheme.lower() not in ("https", "http") or parts.username or parts.fragment:
            raise BadInputError("A webhook's address begins with https:// and holds no user name.")
        return address
    if kind is ChannelKind.SMS:
        number = re.sub(r"[ ()/.-]", "", address)
        if not _PHONE.fullmatch(number):
            raise BadInputError("Write the number with its country, like +15005550006.")
        return number
    if not _MAIL.fullmatch(address) or ".." in address:
        raise BadInputError("This is no e-mail address.")
    return address


def hint_of(kind: ChannelKind, address: str) -> str:
    """Enough to know it by: of a webhook its host, since the rest may be secret."""
    if kind in HOOKS:
        parts = split_address(address)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme.lower()}://{parts.hostname}{port}"[:200]
    if kind is ChannelKind.SMS:
        return f"{address[:3]}…{address[-3:]}"
    name, _, host = address.partition("@")
    return f"{name[:1]}…@{host}"[:200]
