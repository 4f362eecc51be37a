"""Who calls: principals, what they were granted, and the scope a permission gives them."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from app.audit.models import ActorKind
from app.auth.permissions import Permission
from app.kit.errors import ForbiddenError
from app.kit.postgres import TenantScope


@dataclass(frozen=True, slots=True)
class Grant:
    """Permissions for one store, for a region, or for the whole chain where neither is named.

    Attributes:
        region_stores: the stores of the region as of now; a store that joins or leaves it counts within seconds.
    """

    permissions: frozenset[Permission]
    store_id: uuid.UUID | None = None
    role: str = ""
    region_id: uuid.UUID | None = None
    region_stores: frozenset[uuid.UUID] = frozenset()

    @property
    def stores(self) -> frozenset[uuid.UUID] | None:
        """The stores it covers; None for every store of the chain."""
        if self.region_id is not None:
            return self.region_stores
        return None if self.store_id is None else frozenset({self.store_id})


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user or an API key.

    Attributes:
        chain_id: None for a key of the platform itself.
        session_id: the log-in a user's token belongs to.
        token_expires_at: when the access token ends; None for keys without an end.
        duties: what must be done before more than one's own account opens (`app.auth.duties.Duty`).
    """

    kind: ActorKind
    id: uuid.UUID
    name: str
    chain_id: uuid.UUID | None
    grants: tuple[Grant, ...]
    session_id: uuid.UUID | None = None
    token_expires_at: datetime | None = None
    duties: tuple[str, ...] = ()

    def permissions(self) -> frozenset[Permission]:
        """Everything granted anywhere."""
        return frozenset().union(*(grant.permissions for grant in self.grants)) if self.grants else frozenset()

    def may(self, permission: Permission) -> bool:
        """Whether any grant holds `permission`."""
        return any(permission in grant.permissions for grant in self.grants)

    def scope(self, permission: Permission) -> TenantScope:
        """The rows `permission` lets this principal see.

        Raises:
            ForbiddenError: it was granted nowhere, or the principal belongs to no chain.
        """
        reaches = [grant.stores for grant in self.grants if permission in grant.permissions]
        if not reaches or self.chain_id is None:
            raise ForbiddenError("Your roles do not allow this.", permission=permission.value)
        named = frozenset[uuid.UUID]().union(*(stores for stores in reaches if stores is not None))
        return TenantScope(self.chain_id, None if None in reaches else named, self.id)


@dataclass(frozen=True, slots=True)
class Access:
    """A principal that was checked for one permission; endpoints receive it from `require`."""

    principal: Principal
    permission: Permission

    @property
    def scope(self) -> TenantScope:
        """The rows this request may see; ForbiddenError for a principal without a chain."""
        return self.principal.scope(self.permission)

    @property
    def everywhere(self) -> TenantScope:
        """The whole chain whatever the grants: for tables of a chain whose repository asks for `scope.store_ids` itself."""
        scope = self.scope
        return TenantScope(scope.chain_id, None, scope.principal)

    @property
    def whole_chain(self) -> TenantScope:
        """`scope`, for acts that concern every store; ForbiddenError where the permission was granted for some stores only."""
        scope = self.scope
        if scope.store_ids is not None:
            raise ForbiddenError(
                "This concerns the whole chain; your role is for single stores.", permission=self.permission.value
            )
        return scope


@dataclass(frozen=True, slots=True)
class LoginRecord:
    """What the log-in look-up knows of a user."""

    user_id: uuid.UUID
    chain_id: uuid.UUID
    password_hash: str
    failed_logins: int
    locked_until: datetime | None
    disabled: bool


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session found by a refresh token.

    Attributes:
        replayed: the token is the one before the current.
    """

    session_id: uuid.UUID
    user_id: uuid.UUID
    chain_id: uuid.UUID
    replayed: bool
    expires_at: datetime
    revoked: bool


@dataclass(frozen=True, slots=True)
class Account:
    """A user with memberships, as of now.

    Attributes:
        must_change_password: somebody else chose the password this session was opened with.
        second_factor: this session was proven by a second factor.
        second_factor_roles: roles that need one in this chain.
    """

    user_id: uuid.UUID
    chain_id: uuid.UUID
    username: str
    grants: tuple[Grant, ...] = field(default=())
    must_change_password: bool = False
    second_factor: bool = False
    second_factor_roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came from, as the list of sessions shows it.

    Attributes:
        address: the IP address that the connection came from.
        device: the User-Agent header, shortened; what it says is not proven.
    """

    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class UserState:
    """What decides about a log-in, read while the user's row is locked."""

    user_id: uuid.UUID
    chain_id: uuid.UUID
    username: str
    password_hash: str
    failed_logins: int
    locked_until: datetime | None
    disabled: bool
