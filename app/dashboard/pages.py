"""The built dashboard: hashed assets cached for ever, every other address answered with the page, which routes itself."""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.kit.errors import NotFoundError

BUILT = Path(__file__).resolve().parents[2] / "web" / "dist"
ONE_YEAR = "public, max-age=31536000, immutable"


class HashedAssets(StaticFiles):
    """Files whose names change with their content."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The file, to be kept for a year."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = ONE_YEAR
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file or 404; never the page, so that a missing script is not answered with HTML."""
        return await super().get_response(path, scope)


def add_pages(app: FastAPI, built: Path = BUILT) -> None:
    """Serve the dashboard below everything else. Without a build, `/` says how to make one."""
    assets = built / "assets"
    if assets.is_dir():
        app.mount("/assets", HashedAssets(directory=assets), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:  # in a thread: it asks the disk
        return page_of(built, path)


def page_of(built: Path, path: str) -> Response:
    """The file at `path` of the build, or the page; NotFoundError for what only the API could have."""
    if path.partition("/")[0] in ("api", "ws", "assets"):
        raise NotFoundError("There is nothing at this address.")
    wanted = (built / path).resolve()
    if path and wanted.is_relative_to(built.resolve()) and wanted.is_file():
        return FileResponse(wanted, headers={"Cache-Control": "no-cache"})
    index = built / "index.html"
    if not index.is_file():
        raise NotFoundError("The dashboard is not built. Run `make run`, which builds it, then reload.")
    return FileResponse(index, headers={"Cache-Control": "no-cache"})
