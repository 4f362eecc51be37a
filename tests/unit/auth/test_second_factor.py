"""TOTP against the RFC's vectors, drift and replay; recovery codes; what a new password must be; what a session owes."""

from datetime import timedelta

import pytest

from app.auth import recovery, totp
from app.auth.duties import Duty, duties_of, while_owing
from app.auth.models import Grant
from app.auth.permissions import ROLE_PERMISSIONS, Permission, Role
from app.auth.refusals import RowBudget
from app.auth.strength import demand_strong
from app.kit.clock import EPOCH
from app.kit.errors import BadInputError

RFC_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, totp.step_of(EPOCH + timedelta(seconds=seconds))) == code


def test_a_code_counts_one_step_early_or_late_and_never_twice() -> None:
    moment = EPOCH + timedelta(seconds=1111111109)
    step = totp.step_of(moment)
    accepted = [
        shift for shift in range(-4, 5) if totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, step + shift), moment, 0)
    ]
    assert accepted == [-1, 0, 1]
    right = totp.code_at(RFC_SECRET, step)
    assert totp.matching_step(RFC_SECRET, right, moment, step - 1) == step
    assert totp.matching_step(RFC_SECRET, right, moment, step) is None
    earlier = totp.code_at(RFC_SECRET, step - 1)
    assert totp.matching_step(RFC_SECRET, earlier, moment, step) is None
    for nonsense in ("", "28708", "2870822", "28708a", "٢٨٧٠٨٢"):
        assert totp.matching_step(RFC_SECRET, nonsense, moment, 0) is None


def test_secrets_come_back_and_the_picture_is_a_data_uri() -> None:
    secret = totp.new_secret()
    assert len(secret) == 20
    assert totp.from_base32(totp.base32(secret)) == secret
    uri = totp.key_uri(secret, "ann b@x")
    assert uri == f"otpauth://totp/PennyProtect%3Aann%20b%40x?secret={totp.base32(secret)}&issuer=PennyProtect"
    assert totp.qr_picture(uri).startswith("data:image/svg+xml")
    with pytest.raises(ValueError, match="not base32"):
        totp.from_base32("!")


def test_recovery_codes_are_many_random_and_read_however_they_are_typed() -> None:
    codes = recovery.new_codes()
    assert len(set(codes)) == 10
    assert all(recovery.looks_like_recovery_code(code) and len(code) == 29 for code in codes)
    assert recovery.looks_like_recovery_code("abcd-efgh-ijkl-mnop")  # made before they were longer
    assert recovery.code_hash(codes[0].upper().replace("-", " ")) == recovery.code_hash(codes[0])
    assert recovery.code_hash(codes[0]) != recovery.code_hash(codes[1])
    assert not recovery.looks_like_recovery_code("123456")


@pytest.mark.parametrize(
    "weak",
    ["", "short", "password1234", "qwertyuiop12", "annannannann", "aaaaaaaaaaaaaaaa", "pennyprotect1", "123456789012", "x" * 257],
)
def test_a_weak_password_is_refused_with_what_to_do(weak: str) -> None:
    with pytest.raises(BadInputError, match=r"word|characters"):
        demand_strong(weak, ["ann"])


@pytest.mark.parametrize("good", ["gravel-otter-lantern-mop", "kW7!vQ2z#Lp9mX", "x7" + "lorem ipsum dolor " * 12])
def test_a_strong_password_is_taken(good: str) -> None:
    demand_strong(good, ["ann"])


def test_what_a_session_owes() -> None:
    def owed(roles: list[str], *, second: bool, change: bool = False) -> tuple[Duty, ...]:
        return duties_of(roles, {"approver"}, has_second_factor=second, must_change_password=change)

    assert owed(["viewer"], second=False) == ()
    assert owed(["viewer", "approver"], second=False) == (Duty.SECOND_FACTOR,)
    assert owed(["approver"], second=True) == ()
    assert owed(["approver"], second=False, change=True) == (Duty.CHANGE_PASSWORD, Duty.SECOND_FACTOR)
    left = while_owing((Grant(ROLE_PERMISSIONS[Role.CHAIN_ADMINISTRATOR], None, "chain-administrator"),))
    assert left == (Grant(frozenset({Permission.SELF}), None, "chain-administrator"),)


def test_a_flood_of_refusals_is_counted_and_not_written() -> None:
    budget = RowBudget(most=3)
    assert budget.take("a", 0) == 0
    assert [budget.take("a", second) for second in range(1, 60)] == [None] * 59
    assert budget.take("b", 59) == 59
    assert budget.take("a", 60) == 0
    written = [budget.take(number, 61) for number in range(10_000)]
    assert [each for each in written if each is not None] == [0, 0]
    assert budget.take("later", 121) == 9_998
