"""Log-in in one and in two steps, lock-out, passwords, second factors and recovery codes."""

import asyncio

from app.auth import totp
from tests.integration.service.conftest import Product
from tests.integration.service.sign_in import PASSWORD, acts, add_user, code, enrol, forgive, log_in, token_of

API = "/api/v1"


async def test_a_second_factor_is_asked_for_and_a_code_counts_once(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    token = (await token_of(product, "ann"))["access_token"]
    secret, codes = await enrol(product, token)
    assert len(set(codes)) == 10
    status, asked = await log_in(product, username="ann", password=PASSWORD)
    assert (status, asked["code"], asked["expires_in"]) == (401, "totp-required", 180)
    now_code = code(secret)
    status, answer = await log_in(product, challenge=asked["challenge"], totp=now_code)
    assert status == 200, answer
    assert (await product.ask("GET", f"{API}/cameras", token=answer["access_token"]))[0] == 200
    status, replay = await log_in(product, challenge=asked["challenge"], totp=now_code)
    assert (status, replay["code"]) == (401, "totp-wrong")
    status, replay = await log_in(product, username="ann", password=PASSWORD, totp=now_code)
    assert (status, replay["code"]) == (401, "totp-wrong")
    status, early = await log_in(product, username="ann", password=PASSWORD, totp=code(secret, 1))
    assert status == 200, early  # a phone whose clock is half a minute ahead
    status, stale = await log_in(product, username="ann", password=PASSWORD, totp=code(secret, -3))
    assert status == 401, stale
    stored = await product.sql("SELECT secret FROM totp_secrets")
    assert secret not in stored[0]["secret"]
    assert totp.base32(secret).encode() not in stored[0]["secret"]
    assert await acts(product, of=ann) == ["log-in", "second-factor-enrolled", "log-in"] + ["second-factor-refused"] * 2 + [
        "log-in",
        "second-factor-refused",
    ]


async def test_the_challenge_is_worth_nothing_alone(product: Product) -> None:
    await add_user(product, "ann", "viewer")
    await enrol(product, (await token_of(product, "ann"))["access_token"])
    asked = (await log_in(product, username="ann", password=PASSWORD))[1]
    assert (await product.ask("GET", f"{API}/auth/me", token=asked["challenge"]))[0] == 401
    assert (await log_in(product, challenge=asked["challenge"]))[0] == 422
    assert (await log_in(product, challenge="x" * 40, totp="123456"))[1]["code"] == "challenge-refused"
    await product.sql("UPDATE users SET password_hash = password_hash || 'x' WHERE username = 'ann'")
    status, answer = await log_in(product, challenge=asked["challenge"], totp="123456")
    assert (status, answer["detail"]) == (401, "The user name or the password is wrong.")


async def test_guessing_codes_is_slowed_down_even_in_parallel(product: Product) -> None:
    await add_user(product, "ann", "viewer")
    secret, _ = await enrol(product, (await token_of(product, "ann"))["access_token"])
    challenge = (await log_in(product, username="ann", password=PASSWORD))[1]["challenge"]
    wrong = "000000" if code(secret) != "000000" else "111111"
    answers = await asyncio.gather(*(log_in(product, challenge=challenge, totp=wrong) for _ in range(30)))
    assert sorted(status for status, _ in answers) == [401] * 4 + [429] * 26
    status, right = await log_in(product, challenge=challenge, totp=code(secret))
    assert (status, right["status"]) == (429, 429)
    await forgive(product)
    assert (await log_in(product, challenge=challenge, totp=code(secret)))[0] == 200


async def test_guessing_passwords_in_parallel_is_slowed_down_and_a_right_one_waits_too(product: Product) -> None:
    await add_user(product, "ann", "viewer")
    await product.sql("UPDATE users SET failed_logins = 19 WHERE username = 'ann'")
    answers = await asyncio.gather(*(log_in(product, username="ann", password="wrong") for _ in range(12)))
    assert sorted(status for status, _ in answers) == [401] + [429] * 11
    status, answer = await log_in(product, username="ann", password=PASSWORD)
    assert status == 429
    assert answer["retry_after_s"] >= 1
    rows = await product.sql("SELECT failed_logins, locked_until > now() AS locked FROM users WHERE username = 'ann'")
    assert tuple(rows[0]) == (20, True)
    for failures, wait in ((5, 2), (6, 4), (20, 60)):
        await product.sql("UPDATE users SET failed_logins = $1, locked_until = NULL WHERE username = 'ann'", failures - 1)
        assert (await log_in(product, username="ann", password="wrong"))[0] == 401
        left = await product.sql("SELECT extract(epoch FROM locked_until - now()) AS s FROM users WHERE username = 'ann'")
        assert wait - 2 < float(left[0]["s"]) <= wait
    await product.sql("UPDATE users SET locked_until = now() - interval '1 second' WHERE username = 'ann'")
    assert (await log_in(product, username="ann", password=PASSWORD))[0] == 200
    assert (await product.sql("SELECT failed_logins FROM users WHERE username = 'ann'"))[0][0] == 0


async def test_recovery_codes_work_once_and_new_ones_end_the_old(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    token = (await token_of(product, "ann"))["access_token"]
    _, codes = await enrol(product, token)
    kept = {row["code_hash"] for row in await product.sql("SELECT code_hash FROM recovery_codes")}
    assert not any(each.encode() in stored for each in codes for stored in kept)
    assert (await log_in(product, username="ann", password=PASSWORD, totp=codes[0].upper()))[0] == 200
    assert (await log_in(product, username="ann", password=PASSWORD, totp=codes[0]))[0] == 401
    assert (await product.ask("GET", f"{API}/auth/security", token=token))[1]["recovery_codes_left"] == 9
    status, made = await product.ask("POST", f"{API}/auth/recovery-codes", {"password": PASSWORD}, token=token)
    assert status == 200
    assert (await log_in(product, username="ann", password=PASSWORD, totp=codes[1]))[0] == 401
    assert (await log_in(product, username="ann", password=PASSWORD, totp=made["codes"][0]))[0] == 200
    done = await acts(product, of=ann)
    assert done.count("recovery-code-used") == 2
    assert done.count("recovery-codes-made") == 1


async def test_two_racing_uses_of_one_recovery_code_open_one_session(product: Product) -> None:
    await add_user(product, "ann", "viewer")
    _, codes = await enrol(product, (await token_of(product, "ann"))["access_token"])
    challenge = (await log_in(product, username="ann", password=PASSWORD))[1]["challenge"]
    answers = await asyncio.gather(*(log_in(product, challenge=challenge, totp=codes[0]) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 401, 401, 401]


async def test_a_role_that_needs_a_second_factor_opens_nothing_without_one(product: Product) -> None:
    ann = await add_user(product, "ann", "approver")
    token = (await token_of(product, "ann"))["access_token"]
    assert (await product.ask("GET", f"{API}/cameras", token=token))[0] == 200
    status, _ = await product.ask("PATCH", f"{API}/auth/settings", {"second_factor_roles": ["approver", "enroller"]})
    assert status == 200
    await asyncio.sleep(2.1)  # sessions that stand are asked too
    assert (await product.ask("GET", f"{API}/cameras", token=token))[0] == 403
    me = (await product.ask("GET", f"{API}/auth/me", token=token))[1]
    assert (me["duties"], me["permissions"], me["roles"]) == (["second-factor"], ["self"], ["approver"])
    await enrol(product, token)
    assert (await product.ask("GET", f"{API}/cameras", token=token))[0] == 200
    assert (await product.ask("GET", f"{API}/auth/me", token=token))[1]["duties"] == []
    assert (await product.ask("GET", f"{API}/auth/security", token=token))[1]["second_factor_required"] is True
    status, _ = await product.ask("PATCH", f"{API}/auth/settings", {"second_factor_roles": []}, token=token)
    assert status == 403
    assert (await product.ask("GET", f"{API}/auth/settings"))[1] == {"second_factor_roles": ["approver", "enroller"]}
    assert (await product.ask("PATCH", f"{API}/auth/settings", {"second_factor_roles": ["king"]}))[0] == 422
    assert "second-factor-enrolled" in await acts(product, of=ann)
    assert "sign-in-settings-changed" in await acts(product)


async def test_a_first_password_that_somebody_else_chose_is_changed_before_anything(product: Product) -> None:
    await add_user(product, "ann", "viewer", must_change=True)
    token = (await token_of(product, "ann"))["access_token"]
    assert (await product.ask("GET", f"{API}/auth/me", token=token))[1]["duties"] == ["change-password"]
    assert (await product.ask("GET", f"{API}/cameras", token=token))[0] == 403
    for wanted, status in (("short", 422), ("password12345", 422), (PASSWORD, 422), ("sunlit-barge-knot-eleven", 204)):
        change = {"current_password": PASSWORD, "new_password": wanted}
        assert (await product.ask("POST", f"{API}/auth/password", change, token=token))[0] == status, wanted
    assert (await product.ask("GET", f"{API}/cameras", token=token))[0] == 200
    assert (await log_in(product, username="ann", password=PASSWORD))[0] == 401
    assert (await log_in(product, username="ann", password="sunlit-barge-knot-eleven"))[0] == 200


async def test_a_changed_password_ends_other_sessions_and_a_wrong_one_counts(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    here, there = [(await token_of(product, "ann"))["access_token"] for _ in range(2)]
    wrong = {"current_password": "wrong", "new_password": "sunlit-barge-knot-eleven"}
    answers = [(await product.ask("POST", f"{API}/auth/password", wrong, token=here))[0] for _ in range(5)]
    assert answers == [422] * 4 + [429]
    await forgive(product)
    right = {**wrong, "current_password": PASSWORD}
    assert (await product.ask("POST", f"{API}/auth/password", right, token=here))[0] == 204
    assert (await product.ask("GET", f"{API}/auth/me", token=here))[0] == 200
    assert (await product.ask("GET", f"{API}/auth/me", token=there))[0] == 401
    assert (await acts(product, of=ann)).count("password-refused") == 4
    assert "password-changed" in await acts(product, of=ann)


async def test_a_second_factor_is_removed_by_its_owner_or_taken_away_when_lost(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    token = (await token_of(product, "ann"))["access_token"]
    await enrol(product, token)
    assert (await product.ask("POST", f"{API}/auth/totp", {"password": PASSWORD}, token=token))[0] == 409
    assert (await product.ask("POST", f"{API}/auth/totp/remove", {"password": "wrong"}, token=token))[0] == 422
    assert (await product.ask("POST", f"{API}/auth/totp/remove", {"password": PASSWORD}, token=token))[0] == 204
    token = (await token_of(product, "ann"))["access_token"]
    await enrol(product, token)
    assert (await product.ask("DELETE", f"{API}/users/{ann}/second-factor", token=token))[0] == 403
    assert (await product.ask("DELETE", f"{API}/users/{ann}/second-factor"))[0] == 204
    assert (await product.ask("GET", f"{API}/auth/me", token=token))[0] == 401
    await token_of(product, "ann")
    assert (await product.ask("POST", f"{API}/auth/totp", {"password": "x"}, token="worker-key-of-these-tests"))[0] == 403
