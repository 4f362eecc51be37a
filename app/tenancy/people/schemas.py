"""What the addresses of users and memberships take and give."""

import uuid
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from app.auth.permissions import Role
from app.tenancy.people.models import Membership, User
from app.tenancy.reach import Place

Username = Annotated[str, StringConstraints(to_lower=True, strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{1,99}$")]


class RoleIn(BaseModel):
    """A role at a store, in a region, or (neither named) in the whole chain."""

    role: Role
    store_id: uuid.UUID | None = None
    region_id: uuid.UUID | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.store_id is not None and self.region_id is not None:
            raise ValueError("name a store or a region, not both")
        return self

    @property
    def place(self) -> Place:
        """Where."""
        return Place(self.store_id, self.region_id)


class InviteIn(BaseModel):
    """Somebody new, with at least one role."""

    username: Username
    roles: list[RoleIn] = Field(min_length=1, max_length=50)


class MembershipIn(RoleIn):
    """A role for a user."""

    user_id: uuid.UUID


class GrantedRoleOut(BaseModel):
    """A role that somebody has; both ids null for the whole chain."""

    id: uuid.UUID
    user_id: uuid.UUID
    role: str
    store_id: uuid.UUID | None
    region_id: uuid.UUID | None
    source: Literal["local", "oidc"] = Field(description="`oidc`: given by a group of the identity provider.")
    created_at: datetime


class UserOut(BaseModel):
    """Somebody who may sign in."""

    id: uuid.UUID
    username: str
    disabled_at: datetime | None
    must_change_password: bool
    created_at: datetime
    memberships: list[GrantedRoleOut]


class InvitedOut(BaseModel):
    """The user, and the password for the first log-in. It is shown this once: null when this request was answered before."""

    user: UserOut
    initial_password: str | None


class RoleOut(BaseModel):
    """What a role allows."""

    role: Role
    permissions: list[str]


def membership_out(found: Membership) -> GrantedRoleOut:
    """As it is told."""
    return GrantedRoleOut(
        id=found.id,
        user_id=found.user_id,
        role=found.role,
        store_id=found.store_id,
        region_id=found.region_id,
        source="oidc" if found.source == "oidc" else "local",
        created_at=found.created_at,
    )


def user_out(found: User) -> UserOut:
    """As it is told."""
    return UserOut(
        id=found.id,
        username=found.username,
        disabled_at=found.disabled_at,
        must_change_password=found.must_change_password,
        created_at=found.created_at,
        memberships=[membership_out(each) for each in found.memberships],
    )
