"""What the dashboard's double answers is what the service would answer: each list and thing, by the service's own models."""

import json
import re

from aiohttp.test_utils import make_mocked_request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from app.api import ROUTERS
from app.dashboard.analysis import analysis_text
from benchmarks.dashboard_double import STORE, Double, person_at
from tests.unit.dashboard.test_live import make_frame


def test_every_answer_that_is_played_is_one_of_the_service() -> None:
    double, wrong, fitting = Double(rows=4, cameras=3), dict[str, str](), 0
    for route in (each for router in ROUTERS for each in router.routes):
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()) or route.response_model is None:
            continue
        path = re.sub(r"{[^}]*}", STORE, route.path)
        answer = double.said(make_mocked_request("GET", path), path, double.operation("GET", path) or {})
        try:
            TypeAdapter(route.response_model).validate_json(answer.text or "")
        except ValidationError as error:
            wrong[route.path] = str(error)
        fitting += 1
    assert wrong == {}
    assert fitting > 60


def test_a_frame_that_is_played_is_the_documented_message() -> None:
    said = json.loads(analysis_text(make_frame()))["persons"][0]
    assert {name: type(of) for name, of in person_at(0).items()} == {name: type(of) for name, of in said.items()}
