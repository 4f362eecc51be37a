"""`/api/v1/auth`: one's own password and second factor, and what a chain asks of log-ins."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.audit import repository as audit
from app.audit.models import OWN, SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import SelfAccess, guarded_router, identifier_of, require
from app.auth.account import repository
from app.auth.account.service import AccountService, scope_of
from app.auth.models import Access
from app.auth.permissions import Permission, Role
from app.auth.second_factor import repository as factors
from app.auth.sessions import repository as sessions
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import ForbiddenError
from app.kit.postgres import tenant_transaction

router = guarded_router("auth")

Secret = Annotated[str, Field(max_length=1024, description="Empty for people who have none, such as those of a provider.")]
Code = Annotated[str, Field(min_length=1, max_length=40)]


class SecurityOut(BaseModel):
    """The state of one's own account."""

    has_password: bool
    password_changed_at: datetime | None
    second_factor: Literal["none", "begun", "enrolled"]
    second_factor_since: datetime | None
    recovery_codes_left: int
    second_factor_required: bool = Field(description="One of your roles needs it.")


class PasswordChangeIn(BaseModel):
    """The old password and the new one."""

    current_password: str = Field(max_length=1024)
    new_password: str = Field(max_length=1024)


class PasswordIn(BaseModel):
    """One's password again, since this matters."""

    password: Secret = ""


class CodeIn(BaseModel):
    """Six digits of the authenticator app."""

    code: Code


class EnrolmentOut(BaseModel):
    """Shown once. `picture` is a `data:` URI of an SVG."""

    secret: str
    uri: str
    picture: str


class RecoveryCodesOut(BaseModel):
    """Shown once; each is good for one log-in."""

    codes: list[str]


class SignInSettings(BaseModel):
    """What this chain asks of log-ins."""

    second_factor_roles: list[Role] = Field(max_length=len(Role), description="Roles that need a second factor.")


class Preferences(BaseModel):
    """How somebody wants to be spoken to, wherever they sign in."""

    model_config = ConfigDict(extra="forbid")

    language: Literal["en", "es"] | None = Field(description="Null: as the browser has it.")


def service_of(request: Request) -> AccountService:
    """The application's account service."""
    found = request.app.state.account
    assert isinstance(found, AccountService)  # noqa: S101 - set once by main
    return found


@router.get("/auth/security", openapi_extra=unaudited(OWN))
async def security(request: Request, access: SelfAccess) -> SecurityOut:
    """The state of one's own account."""
    async with tenant_transaction(backends(request).postgres, scope_of(access.principal)) as connection:
        found = await repository.security_of(connection, access.principal.id)
    return SecurityOut(
        has_password=found.has_password,
        password_changed_at=found.password_changed_at,
        second_factor=found.factor.value,
        second_factor_since=found.factor_since,
        recovery_codes_left=found.recovery_codes_left,
        second_factor_required=found.second_factor_required,
    )


@router.get("/auth/preferences", openapi_extra=unaudited(OWN))
async def preferences(request: Request, access: SelfAccess) -> Preferences:
    """The language that one chose."""
    async with tenant_transaction(backends(request).postgres, scope_of(access.principal)) as connection:
        return Preferences.model_validate({"language": await repository.language_of(connection, access.principal.id)})


@router.put("/auth/preferences", openapi_extra=audited(Act.LANGUAGE_CHOSEN))
async def choose_preferences(request: Request, access: SelfAccess, asked: Preferences) -> Preferences:
    """Choose a language; it holds on every machine."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, scope_of(who)) as connection:
        await repository.choose_language(connection, who.id, asked.language)
        entry = AuditEntry(Act.LANGUAGE_CHOSEN, who.kind, who.id, who.chain_id, subject_kind="user", subject_id=who.id)
        await audit.append(connection, entry)
    return asked


@router.post("/auth/password", status_code=204, openapi_extra=audited(Act.PASSWORD_CHANGED))
async def change_password(request: Request, access: SelfAccess, asked: PasswordChangeIn) -> None:
    """Choose a new password; every other session of yours ends."""
    await service_of(request).change_password(access.principal, asked.current_password, asked.new_password, now())
    identifier_of(request).forget_user(access.principal.id)


@router.post("/auth/totp", openapi_extra=unaudited("Nothing holds until the first code confirms it, and that leaves a row."))
async def begin_totp(request: Request, access: SelfAccess, asked: PasswordIn) -> EnrolmentOut:
    """Begin to enrol an authenticator app; an enrolment that was never confirmed is replaced."""
    made = await service_of(request).begin_totp(access.principal, asked.password, now())
    return EnrolmentOut(secret=made.secret, uri=made.uri, picture=made.picture)


@router.post("/auth/totp/confirm", openapi_extra=audited(Act.SECOND_FACTOR_ENROLLED))
async def confirm_totp(request: Request, access: SelfAccess, asked: CodeIn) -> RecoveryCodesOut:
    """The first code of the app: from now on it is asked for at log-in."""
    codes = await service_of(request).confirm_totp(access.principal, asked.code, now())
    identifier_of(request).forget_user(access.principal.id)
    return RecoveryCodesOut(codes=codes)


@router.post("/auth/totp/remove", status_code=204, openapi_extra=audited(Act.SECOND_FACTOR_REMOVED))
async def remove_totp(request: Request, access: SelfAccess, asked: PasswordIn) -> None:
    """Forget the authenticator app and its recovery codes."""
    await service_of(request).remove_totp(access.principal, asked.password, now())
    identifier_of(request).forget_user(access.principal.id)


@router.post("/auth/recovery-codes", openapi_extra=audited(Act.RECOVERY_CODES_MADE))
async def new_recovery_codes(request: Request, access: SelfAccess, asked: PasswordIn) -> RecoveryCodesOut:
    """Ten fresh recovery codes; the old ones are worth nothing from now on."""
    return RecoveryCodesOut(codes=await service_of(request).new_recovery_codes(access.principal, asked.password, now()))


@router.post("/auth/second-factor", status_code=204, openapi_extra=audited(Act.SECOND_FACTOR_GIVEN))
async def prove_session(request: Request, access: SelfAccess, asked: CodeIn) -> None:
    """A second factor for this session, where it was opened without one."""
    await service_of(request).prove(access.principal, asked.code, now())
    identifier_of(request).forget_user(access.principal.id)


@router.get("/auth/settings", openapi_extra=unaudited(SETTINGS_SHOWN))
async def sign_in_settings(request: Request, access: Annotated[Access, require(Permission.SIGN_IN_READ)]) -> SignInSettings:
    """What this chain asks of log-ins."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        roles = await repository.second_factor_roles(connection)
    return SignInSettings(second_factor_roles=[Role(role) for role in roles])


@router.patch("/auth/settings", openapi_extra=audited(Act.SIGN_IN_SETTINGS_CHANGED))
async def change_sign_in_settings(
    request: Request, access: Annotated[Access, require(Permission.SIGN_IN_WRITE)], asked: SignInSettings
) -> SignInSettings:
    """Say which roles need a second factor. Sessions without one may then only mind their own account, within seconds."""
    scope, who = access.whole_chain, access.principal
    roles = sorted({role.value for role in asked.second_factor_roles})
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        before = await repository.second_factor_roles(connection)
        await repository.put_second_factor_roles(connection, scope.chain_id, roles)
        details = {"second_factor_roles": {"from": before, "to": roles}}
        entry = AuditEntry(Act.SIGN_IN_SETTINGS_CHANGED, who.kind, who.id, who.chain_id, details=details)
        await audit.append(connection, entry)
    return SignInSettings(second_factor_roles=[Role(role) for role in roles])


@router.delete("/users/{user_id}/second-factor", status_code=204, openapi_extra=audited(Act.SECOND_FACTOR_REMOVED))
async def remove_lost_factor(
    request: Request, access: Annotated[Access, require(Permission.SESSIONS_END)], user_id: uuid.UUID
) -> None:
    """Take away a second factor that a person lost, and end their sessions; they enrol a new one at the next log-in."""
    who = access.principal
    if user_id == who.id:  # with a token alone nobody takes off what it was proven by
        raise ForbiddenError("Remove your own second factor under your name; a lost one another administrator removes.")
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        await repository.demand_user(connection, user_id)
        await factors.remove(connection, user_id)
        await sessions.end_all(connection, user_id, None, now())
        entry = AuditEntry(Act.SECOND_FACTOR_REMOVED, who.kind, who.id, who.chain_id, None, "user", user_id)
        await audit.append(connection, entry)
    identifier_of(request).forget_user(user_id)
