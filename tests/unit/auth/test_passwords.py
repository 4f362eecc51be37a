"""What the integration tests make light is as heavy as it must be in the product."""

import argon2

from app.auth import passwords


def test_a_hash_costs_an_attacker_what_rfc_9106_asks_for() -> None:
    found = argon2.extract_parameters(passwords.hash_password("violet-anchor-teapot-moss"))
    assert found.type is argon2.Type.ID
    assert (found.time_cost, found.memory_cost, found.parallelism) == (3, 64 * 1024, 4)


async def test_only_the_right_password_matches_and_no_password_never_does() -> None:
    checker = passwords.PasswordChecker()
    stored = await checker.hash("violet-anchor-teapot-moss")
    assert await checker.verify(stored, "violet-anchor-teapot-moss")
    assert not await checker.verify(stored, "violet-anchor-teapot-mosS")
    assert not await checker.verify(None, "no user has this password")
