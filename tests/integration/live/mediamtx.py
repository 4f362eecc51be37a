"""A double of MediaMTX 1.2x: the part of its control API and of WHEP that we use, as its api/openapi.yaml and documents say."""

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import encode_basic_auth, web

PATH_CONF = {
    "source": str, "sourceOnDemand": bool, "sourceOnDemandStartTimeout": str, "sourceOnDemandCloseAfter": str,
    "maxReaders": int, "record": bool, "useAbsoluteTimestamp": bool, "rtspTransport": str, "sourceFingerprint": str,
}  # fmt: skip
"""Members of the schema `PathConf` and their types, those that one could want here; MediaMTX refuses others."""
TRANSPORTS = {"udp", "multicast", "tcp", "automatic"}
ANSWER = "v=0 answer of MediaMTX"


def refusal(conf: dict[str, Any]) -> str:
    """Why MediaMTX would not take this path, or ""."""
    for name, value in conf.items():
        if PATH_CONF.get(name) is not type(value):
            return f"json: unknown field or wrong type: {name}"
    if conf.get("rtspTransport", "tcp") not in TRANSPORTS:
        return "invalid transport"
    fits = re.fullmatch(r"rtsps?://\S+", conf.get("source", "")) and not re.search(r"%(?![0-9A-Fa-f]{2})", conf["source"])
    return "" if fits else "invalid source"


@dataclass
class MediaMtx:
    """Paths and sessions; `restart` forgets both, as the real one does."""

    paths: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    page: int = 2
    key: str = ""
    away: bool = False
    nonsense: bool = False

    def restart(self) -> None:
        self.paths.clear()
        self.sessions.clear()

    def application(self) -> web.Application:
        made = web.Application(middlewares=[self._note])
        made.router.add_get("/v3/paths/list", self._list)
        made.router.add_post("/v3/config/paths/replace/{name}", self._replace)
        made.router.add_delete("/v3/config/paths/delete/{name}", self._delete)
        made.router.add_post("/{name}/whep", self._begin)
        made.router.add_patch("/{name}/whep/{secret}", self._candidates)
        made.router.add_delete("/{name}/whep/{secret}", self._end)
        return made

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if self.away:
            return web.Response(status=502)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _list(self, request: web.Request) -> web.Response:
        """The runtime list names configured paths too, one page of them; `itemsPerPage` is taken smaller here to try pages."""
        if self.nonsense:
            return web.Response(text="<html>")
        number = int(request.query["page"])
        assert int(request.query["itemsPerPage"]) > 0
        names = sorted(self.paths)
        items = [{"name": name, "ready": False} for name in names[number * self.page : (number + 1) * self.page]]
        return web.json_response({"itemCount": len(names), "pageCount": -(-len(names) // self.page), "items": items})

    async def _replace(self, request: web.Request) -> web.Response:
        conf = json.loads(await request.text())
        if why := refusal(conf):
            return web.json_response({"status": "error", "error": why}, status=400)
        self.paths[request.match_info["name"]] = conf
        return web.json_response({"status": "ok"})

    async def _delete(self, request: web.Request) -> web.Response:
        if self.paths.pop(request.match_info["name"], None) is None:
            return web.json_response({"status": "error", "error": "path not found"}, status=404)
        return web.json_response({"status": "ok"})

    async def _begin(self, request: web.Request) -> web.Response:
        if self.key and request.headers.get("Authorization") != encode_basic_auth("pennyprotect", self.key):
            return web.json_response({"error": "authentication error"}, status=401)
        name = request.match_info["name"]
        if name not in self.paths:
            return web.json_response({"error": f"no stream is available on path '{name}'"}, status=404)
        secret = str(uuid.uuid4())
        self.sessions[secret] = name
        location = f"/{name}/whep/{secret}"
        return web.Response(status=201, text=ANSWER, content_type="application/sdp", headers={"Location": location})

    async def _candidates(self, request: web.Request) -> web.Response:
        if request.content_type != "application/trickle-ice-sdpfrag":
            return web.json_response({"error": "invalid Content-Type"}, status=400)
        media = [line for line in (await request.text()).split("\r\n") if line]
        if media and not (media[0].startswith("m=") and any(line.startswith("a=mid:") for line in media)):
            return web.json_response({"error": "mid attribute is missing"}, status=400)
        return web.Response(status=204 if request.match_info["secret"] in self.sessions else 404)

    async def _end(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if self.sessions.pop(request.match_info["secret"], None) else 404)
