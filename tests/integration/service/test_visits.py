"""Ways between cameras, and where those whom an incident's alerts are about were seen."""

import json
import uuid
from typing import Any

from tests.integration.service.conftest import Product
from tests.integration.service.principals import make_world

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
