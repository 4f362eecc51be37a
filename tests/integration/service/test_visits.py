"""A store from above: floor plan, layouts, ways between cameras; and where those of an incident's alerts were seen."""

import io
import json
import uuid
from typing import Any

from tests.integration.service.conftest import Product
from tests.integration.service.people import person
from tests.integration.service.principals import make_world
from tests.integration.service.test_policy import photo

TRACK = 9223372036854775813
"""As `Product.alert` says."""


async def test_ways_between_cameras_are_drawn_once_and_of_one_store(product: Product) -> None:
    one, other = await product.camera("One"), await product.camera("Other")
    path = f"/api/v1/stores/{one['store_id']}/camera-links"
    polygon = [[0.8, 0], [1, 0], [1, 1]]
    zones = {}
    for kind, points in (("area", polygon), ("line", polygon[:2])):
        body = {"name": kind, "kind": kind, "polygon": points}
        zones[kind] = (await product.ask("POST", f"/api/v1/cameras/{other['id']}/zones", body))[1]["id"]
    # Whichever way round it is drawn, the zone stays with its camera.
    drawn = {"camera_a": other["id"], "camera_b": one["id"], "zone_a": zones["area"], "metres": 7.5}
    status, made = await product.ask("POST", path, drawn)
    assert status == 201, made
    assert {made["camera_a"]: made["zone_a"], made["camera_b"]: made["zone_b"]} == {other["id"]: zones["area"], one["id"]: None}
    assert (await product.ask("GET", path))[1]["items"] == [made]
    refused: list[tuple[dict[str, Any], int]] = [
        ({"zone_a": None}, 409), ({"camera_b": other["id"]}, 422),
        ({"zone_a": zones["line"]}, 422), ({"zone_a": None, "zone_b": zones["area"]}, 404), ({"metres": 201}, 422),
        ({"camera_a": str(uuid.uuid4()), "zone_a": None}, 404),
    ]  # fmt: skip
    for change, expected in refused:
        assert (await product.ask("POST", path, drawn | change))[0] == expected, change
    assert (await product.ask("DELETE", f"/api/v1/cameras/{other['id']}/zones/{zones['area']}"))[0] == 204
    assert [each["used"] for each in (await product.ask("GET", path))[1]["items"]] == [False]
    world = await make_world(product)
    theirs = str(world.things["other-store"]["camera_id"])
    assert (await product.ask("POST", path, drawn | {"camera_a": theirs, "zone_a": None}))[0] == 422
    assert (await product.ask("DELETE", f"/api/v1/camera-links/{made['id']}"))[0] == 204
    assert made["id"] not in {each["id"] for each in (await product.ask("GET", path))[1]["items"]}


async def test_a_floor_plan_is_kept_by_store_and_nobody_overwrites_anothers_change(product: Product) -> None:
    one, other = await product.camera("One"), await product.camera("Other")
    path = f"/api/v1/stores/{one['store_id']}/floor-plan"
    none = (await product.ask("GET", path))[1]
    assert (none["revision"], none["picture"], none["cameras"]) == (0, None, [])
    place = {"camera_id": one["id"], "x": 0.25, "y": 0.1, "heading_deg": 359.5, "view_deg": 360, "reach": 0.2}
    wanted: dict[str, Any] = {"revision": 1, "width_m": 42.5, "cameras": [place, place | {"camera_id": other["id"]}]}
    for method, address, body in (("PUT", path, wanted), ("GET", f"{path}/picture", None), ("DELETE", path, None)):
        assert (await product.ask(method, address, body))[0] == 404, address
    upload: dict[str, Any] = {"data": photo(), "headers": {"Content-Type": "image/jpeg"}}
    status, plan = await product.ask("PUT", f"{path}/picture", **upload)
    assert (status, plan["revision"], plan["picture"]["width"], plan["picture"]["height"]) == (200, 1, 640, 480)
    status, webp = await product.ask("GET", f"{path}/picture")
    assert (status, webp[:4], webp[8:12]) == (200, b"RIFF", b"WEBP")
    assert (await product.ask("PUT", f"{path}/picture", data=b"<svg onload='x'/>"))[0] == 422
    assert (await product.ask("PUT", f"{path}/picture", data=io.BytesIO(b"x" * ((12 << 20) + 1))))[0] == 413
    status, drawn = await product.ask("PUT", path, wanted)
    assert (status, drawn["revision"], drawn["width_m"]) == (200, 2, 42.5)
    assert sorted(drawn["cameras"], key=lambda each: each["camera_id"] != one["id"])[0] == place
    assert (await product.ask("PUT", path, wanted))[0] == 409, "it was drawn on an older one"
    now = {**wanted, "revision": 2}
    world = await make_world(product)
    theirs = str(world.things["other-store"]["camera_id"])
    refused: list[tuple[dict[str, Any], int]] = [
        ({"cameras": [place, place]}, 422), ({"cameras": [place | {"x": 1.01}]}, 422), ({"cameras": [place | {"reach": 0}]}, 422),
        ({"cameras": [place | {"heading_deg": 360}]}, 422), ({"cameras": [place | {"camera_id": theirs}]}, 404),
        ({"width_m": 0}, 422),
    ]  # fmt: skip
    for change, expected in refused:
        assert (await product.ask("PUT", path, now | change))[0] == expected, change
    assert (await product.ask("DELETE", f"/api/v1/cameras/{other['id']}"))[0] == 204
    assert [each["camera_id"] for each in (await product.ask("GET", path))[1]["cameras"]] == [one["id"]]
    assert (await product.ask("PUT", f"{path}/picture", **upload))[1]["cameras"] == [place], "cameras stay under another picture"
    viewer = await person(product, "viewer", one["store_id"])
    assert (await product.ask("GET", f"{path}/picture", token=viewer))[0] == 200
    assert (await product.ask("PUT", path, now, token=viewer))[0] == 403
    neighbour = await person(product, "store-manager", str(world.stores["other-store"]))
    for method, address in (("GET", path), ("GET", f"{path}/picture"), ("PUT", path), ("DELETE", path)):
        body = now if method == "PUT" else None
        assert (await product.ask(method, address, body, token=neighbour))[0] == 404, (method, address)
    assert (await product.ask("PUT", f"{path}/picture", token=neighbour, **upload))[0] == 404
    assert (await product.ask("DELETE", path))[0] == 204
    assert (await product.ask("GET", path))[1] == none
    acts = await product.sql("SELECT act, count(*)::int AS n FROM audit_unsealed WHERE act LIKE 'floor-plan%' GROUP BY 1")
    assert {row["act"]: row["n"] for row in acts} == {"floor-plan-drawn": 2, "floor-plan-changed": 1, "floor-plan-removed": 1}


async def test_layouts_are_ones_own_or_the_stores(product: Product) -> None:
    one, other = await product.camera("One"), await product.camera("Other")
    path = f"/api/v1/stores/{one['store_id']}/layouts"
    viewer, colleague = [await person(product, "viewer", one["store_id"]) for _ in range(2)]
    body: dict[str, Any] = {"name": "Tills", "cameras": [other["id"], one["id"]], "columns": 3, "large": 1}

    async def names(token: str | None = None) -> list[tuple[str, bool]]:
        return [(each["name"], each["shared"]) for each in (await product.ask("GET", path, token=token))[1]["items"]]

    status, own = await product.ask("POST", path, body, token=viewer)
    assert (status, {name: own[name] for name in body}, own["shared"]) == (201, body, False)
    assert (await product.ask("POST", path, body | {"shared": True}, token=viewer))[0] == 403
    status, shared = await product.ask("POST", path, body | {"shared": True, "name": "Doors", "cameras": None})
    assert (status, shared["cameras"]) == (201, None)
    assert (await names(viewer), await names(colleague)) == ([("Doors", True), ("Tills", False)], [("Doors", True)])
    assert (await product.ask("POST", path, body, token=colleague))[0] == 201, "a name is taken for its owner only"
    refused: list[tuple[dict[str, Any], int]] = [
        ({}, 409), ({"name": " "}, 422), ({"name": "A", "cameras": []}, 422), ({"name": "A", "cameras": [one["id"]] * 2}, 422),
        ({"name": "A", "cameras": [str(uuid.uuid4())]}, 404), ({"name": "A", "columns": 9}, 422),
        ({"name": "A", "large": -1}, 422),
    ]  # fmt: skip
    for change, expected in refused:
        assert (await product.ask("POST", path, body | change, token=viewer))[0] == expected, change
    for token, layout, expected in ((colleague, own, 404), (viewer, shared, 403), (None, own, 404)):
        for method in ("PUT", "DELETE"):
            sent = body if method == "PUT" else None
            status, answer = await product.ask(method, f"/api/v1/layouts/{layout['id']}", sent, token=token)
            assert status == expected, (method, answer)
    changed = body | {"name": "Tills, all", "cameras": None, "large": None}
    status, answer = await product.ask("PUT", f"/api/v1/layouts/{own['id']}", changed, token=viewer)
    assert (status, answer["name"], answer["cameras"], answer["large"]) == (200, "Tills, all", None, None)
    assert (await product.ask("DELETE", f"/api/v1/layouts/{own['id']}", token=viewer))[0] == 204
    assert (await product.ask("DELETE", f"/api/v1/layouts/{shared['id']}"))[0] == 204
    assert (await names(viewer), await names(colleague)) == ([], [("Tills", False)])


async def test_an_incident_shows_the_visits_of_its_alerts_only_while_the_switch_is_on(product: Product) -> None:
    door, aisle = await product.camera("Door"), await product.camera("Aisle")
    alert = await product.alert(aisle)
    body = {"store_id": door["store_id"], "kind": "theft", "title": "Bottles", "alert_ids": [alert]}
    path = f"/api/v1/incidents/{(await product.ask('POST', '/api/v1/incidents', body))[1]['id']}/visits"
    assert (await product.ask("GET", path))[1] == {"followed": False, "visits": [], "left_out": 0}
    store = uuid.UUID(door["store_id"])
    await product.sql("UPDATE stores SET demo = true WHERE id = $1", store)
    policy = (
        "INSERT INTO site_policies (store_id, chain_id, revision, re_identification, cause) SELECT store_id, chain_id,"
        " max(revision) + 1, $2, 'demo' FROM site_policies WHERE store_id = $1 GROUP BY 1, 2"
    )
    await product.sql(policy, store, True)
    visit, stranger = uuid.uuid4(), uuid.uuid4()
    for camera, track, ago, of in ((door, 5, 60, visit), (aisle, TRACK, 10, visit), (aisle, 6, 10, stranger)):
        await product.sql(
            "INSERT INTO visit_sightings SELECT id, 1, $2, now() - make_interval(secs => $3), chain_id, store_id,"
            " now() + interval '1 minute', $4, 2 FROM cameras WHERE id = $1",
            uuid.UUID(camera["id"]), track, ago, of,
        )  # fmt: skip
    found = (await product.ask("GET", path))[1]
    assert (found["followed"], [each["id"] for each in found["visits"]]) == (True, [str(visit)])
    sightings = found["visits"][0]["sightings"]
    assert [(each["camera_id"], each["track_id"], each["rivals"]) for each in sightings] == [
        (door["id"], "5", 0),
        (aisle["id"], str(TRACK), 2),
    ]
    assert not {"name", "person_id", "embedding", "boxes"} & set(sightings[0])
    looks = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'visits-shown' ORDER BY id")
    assert [json.loads(row["details"]) for row in looks] == [{"visits": 0}, {"visits": 1}]
    await product.sql(
        "INSERT INTO visit_sightings SELECT id, 2, n, now() - n * interval '1 minute', chain_id, store_id,"
        " now() - n * interval '1 minute', $2, 1 FROM cameras, generate_series(10, 70) n WHERE id = $1",
        uuid.UUID(door["id"]), visit,
    )  # fmt: skip
    (long,) = (await product.ask("GET", path))[1]["visits"]
    told = [(each["camera_id"], each["track_id"]) for each in long["sightings"]]
    assert (len(told), long["left_out"], told[-1]) == (50, 13, (aisle["id"], str(TRACK)))
    assert [number for _, number in told[:-2]] == [str(n) for n in range(57, 9, -1)]  # those nearest to the alert
    assert long["sightings"][0]["rivals"] == 1  # of its join to one that is not listed
    await product.sql(policy, store, False)
    assert (await product.ask("GET", path))[1] == {"followed": False, "visits": [], "left_out": 0}


async def test_a_language_is_a_persons_on_every_machine(product: Product) -> None:
    viewer = await person(product, "viewer")
    path = "/api/v1/auth/preferences"
    assert (await product.ask("GET", path, token=viewer))[1] == {"language": None}
    assert (await product.ask("PUT", path, {"language": "fr"}, token=viewer))[0] == 422
    assert (await product.ask("PUT", path, {"language": "es"}, token=viewer))[0] == 200
    assert (await product.ask("GET", path, token=viewer))[1] == {"language": "es"}
    assert (await product.ask("GET", path))[1] == {"language": None}, "nobody else's"
