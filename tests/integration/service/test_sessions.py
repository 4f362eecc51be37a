"""Sessions: racing refreshes, replayed tokens of every age, the list, and how fast an end is felt."""

import asyncio
import uuid

import aiohttp

from app.auth.sessions.forgetting import forget_ended
from app.auth.tokens import token_hash
from app.kit.postgres import connect_pool
from tests.integration.conftest import Database
from tests.integration.service.conftest import Product
from tests.integration.service.sign_in import acts, add_user, refresh, token_of

API = "/api/v1"


async def test_of_many_racing_refreshes_one_rotates_and_all_go_on(product: Product) -> None:
    await add_user(product, "ann", "viewer")
    first = (await token_of(product, "ann"))["refresh_token"]
    answers = await asyncio.gather(*(refresh(product, first) for _ in range(8)))
    assert [status for status, _ in answers] == [200] * 8
    fresh = [answer["refresh_token"] for _, answer in answers if answer["refresh_token"]]
    assert len(fresh) == 1
    assert (await refresh(product, fresh[0]))[0] == 200


async def test_a_replayed_token_of_any_age_ends_the_session(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    for generations in (1, 2, 5):
        tokens = [(await token_of(product, "ann"))["refresh_token"]]
        for _ in range(generations):
            tokens.append((await refresh(product, tokens[-1]))[1]["refresh_token"])
        await product.sql("UPDATE sessions SET rotated_at = now() - interval '1 minute'")
        assert (await refresh(product, tokens[0]))[0] == 401
        assert (await refresh(product, tokens[-1]))[0] == 401
    assert (await acts(product, of=ann)).count("refresh-replayed") == 3


async def test_a_late_third_tab_is_asked_to_try_again_and_ends_nothing(product: Product) -> None:
    await add_user(product, "ann", "viewer")
    first = (await token_of(product, "ann"))["refresh_token"]
    second = (await refresh(product, first))[1]["refresh_token"]
    third = (await refresh(product, second))[1]["refresh_token"]
    assert (await refresh(product, first))[0] == 401
    assert (await refresh(product, third))[0] == 200


async def test_a_session_that_nobody_used_for_a_day_is_not_continued(product: Product) -> None:
    await add_user(product, "ann", "viewer")
    mine, other = [(await token_of(product, "ann"))["refresh_token"] for _ in range(2)]
    await product.sql("UPDATE sessions SET last_used_at = now() - interval '23 hours'")
    status, answer = await refresh(product, other)
    assert status == 200, answer
    left = "UPDATE sessions SET last_used_at = now() - interval '25 hours' WHERE refresh_hash = $1"
    await product.sql(left, token_hash(mine))
    listed = (await product.ask("GET", f"{API}/auth/sessions", token=answer["access_token"]))[1]["items"]
    assert [each["current"] for each in listed] == [True]  # nobody can go on with the other
    assert (await refresh(product, mine))[0] == 401
    await product.sql("UPDATE sessions SET last_used_at = now()")
    assert (await refresh(product, mine))[0] == 401  # it ended
    assert (await refresh(product, answer["refresh_token"]))[0] == 200


async def test_the_list_names_device_place_and_last_use_and_ends_one(product: Product) -> None:
    await add_user(product, "ann", "viewer")
    await add_user(product, "bob", "viewer")
    await product.ask("GET", "/healthz", token="")
    headers = {"User-Agent": "Penny's phone\u00e9"}
    form = {"grant_type": "password", "username": "ann", "password": "gravel-otter-lantern-mop"}
    phone = (await product.ask("POST", f"{API}/auth/token", token="", data=form, headers=headers))[1]["access_token"]
    here = (await token_of(product, "ann"))["access_token"]
    theirs = (await token_of(product, "bob"))["access_token"]
    listed = (await product.ask("GET", f"{API}/auth/sessions", token=here))[1]["items"]
    assert [(each["current"], each["address"], each["method"]) for each in listed] == [
        (True, "127.0.0.1", "password"),
        (False, "127.0.0.1", "password"),
    ]
    assert listed[1]["device"].startswith("Penny's phone")
    for session in listed:
        assert (await product.ask("DELETE", f"{API}/auth/sessions/{session['id']}", token=theirs))[0] == 404
    assert (await product.ask("DELETE", f"{API}/auth/sessions/{listed[1]['id']}", token=here))[0] == 204
    assert (await product.ask("DELETE", f"{API}/auth/sessions/{listed[1]['id']}", token=here))[0] == 404
    assert (await product.ask("GET", f"{API}/auth/me", token=phone))[0] == 401
    assert (await product.ask("GET", f"{API}/auth/me", token=here))[0] == 200
    page = (await product.ask("GET", f"{API}/auth/sessions?limit=1", token=here))[1]
    assert (len(page["items"]), page["next"]) == (1, None)


async def test_ending_all_others_keeps_this_one(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    tokens = [(await token_of(product, "ann"))["access_token"] for _ in range(3)]
    assert (await product.ask("DELETE", f"{API}/auth/sessions", token=tokens[1]))[0] == 204
    answers = [(await product.ask("GET", f"{API}/auth/me", token=each))[0] for each in tokens]
    assert answers == [401, 200, 401]
    assert "sessions-ended" in await acts(product, of=ann)


async def test_an_administrator_ends_all_sessions_of_somebody_and_their_socket(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    opened = await token_of(product, "ann")
    socket = await product.open_socket(opened["access_token"])
    await socket.send_json({"type": "ping"})
    assert (await socket.receive_json())["type"] == "pong"
    assert (await product.ask("DELETE", f"{API}/users/{ann}/sessions", token=opened["access_token"]))[0] == 403
    assert len((await product.ask("GET", f"{API}/users/{ann}/sessions"))[1]["items"]) == 1
    assert (await product.ask("DELETE", f"{API}/users/{ann}/sessions"))[0] == 204
    assert (await product.ask("GET", f"{API}/auth/me", token=opened["access_token"]))[0] == 401
    said = await asyncio.wait_for(socket.receive(), 30)  # within five seconds by test_socket_rights, if nothing else runs
    assert said.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert socket.close_code == 1008
    assert (await refresh(product, opened["refresh_token"]))[0] == 401


async def test_a_script_that_only_signs_in_does_not_pile_up_sessions(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    await product.sql(
        "INSERT INTO sessions (id, chain_id, user_id, refresh_hash, expires_at) SELECT gen_random_uuid(), chain_id, id,"
        " sha256(n::text::bytea), now() + interval '1 day' FROM users, generate_series(1, 60) n WHERE username = 'ann'"
    )
    await token_of(product, "ann")
    standing = await product.sql(
        "SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.username = 'ann' AND revoked_at IS NULL"
    )
    assert standing[0][0] == 50
    assert ann


async def test_what_ended_log_ins_leave_behind_goes_after_thirty_days_and_not_before(
    product: Product, database: Database
) -> None:
    user = await add_user(product, "ann", "viewer")
    for _ in range(4):
        await token_of(product, "ann")
    ids = [row["id"] for row in await product.sql("SELECT id FROM sessions WHERE user_id = $1 ORDER BY id", uuid.UUID(user))]
    for session, column, days in zip(ids[:3], ("expires_at", "revoked_at", "revoked_at"), (31, 31, 29), strict=True):
        await product.sql(f"UPDATE sessions SET {column} = now() - $2 * interval '1 day' WHERE id = $1", session, days)
    for number, used in enumerate((31, 29, None)):
        await product.sql(
            "INSERT INTO recovery_codes (user_id, chain_id, code_hash, used_at) SELECT id, chain_id, $2,"
            " now() - $3 * interval '1 day' FROM users WHERE id = $1",
            uuid.UUID(user),
            bytes([number]),
            used,
        )
    pool = await connect_pool(database.url("app"), role="test", largest=1)
    assert await forget_ended(pool) == (2, 1)
    assert await forget_ended(pool) == (0, 0)
    await pool.close()
    left = await product.sql("SELECT id FROM sessions WHERE user_id = $1 ORDER BY id", uuid.UUID(user))
    assert [row["id"] for row in left] == ids[2:]
    assert len(await product.sql("SELECT FROM recovery_codes")) == 2
