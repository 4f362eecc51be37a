"""What may be done, and which role may do it. Every endpoint declares one `Permission`."""

import enum
from types import MappingProxyType
from typing import Final


class Permission(enum.StrEnum):
    """One right. A membership grants it for a store or for the whole chain."""

    SELF = "self"  # one's own account; every signed-in user
    STORES_READ = "stores:read"
    CAMERAS_READ = "cameras:read"
    CAMERAS_WRITE = "cameras:write"
    LIVE_VIEW = "live:view"
    DETECTIONS_READ = "detections:read"
    FRAMES_ANALYZE = "frames:analyze"
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    ALERTS_READ = "alerts:read"
    ALERTS_HANDLE = "alerts:handle"
    ROTA_READ = "rota:read"
    ROTA_WRITE = "rota:write"
    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    WATCHLISTS_READ = "watchlists:read"  # lists, persons, enrolments, their pictures
    WATCHLISTS_WRITE = "watchlists:write"  # make lists, propose where else they are searched, retire them
    WATCHLISTS_SHARE = "watchlists:share"  # approve that a list is searched in another store
    ENROLMENTS_WRITE = "enrolments:write"  # propose, renew, erase
    ENROLMENTS_APPROVE = "enrolments:approve"  # what somebody else proposed
    ENROLMENTS_EXCEPT = "enrolments:except"  # for the whole chain: people under 18 and vulnerable people
    MATCHES_READ = "matches:read"
    MATCHES_REVIEW = "matches:review"
    MATCHES_NAME = "matches:name"  # learn who a confirmed match is
    EVIDENCE_READ = "evidence:read"  # which pieces there are; no pictures
    EVIDENCE_PLAY = "evidence:play"
    EVIDENCE_RECORD = "evidence:record"  # keep a stretch of a camera's last minutes
    EVIDENCE_HOLD = "evidence:hold"
    EVIDENCE_EXPORT = "evidence:export"
    RETENTION_READ = "retention:read"
    RETENTION_WRITE = "retention:write"
    COMPLAINTS_READ = "complaints:read"
    COMPLAINTS_WRITE = "complaints:write"  # record, acknowledge, decide
    DATA_REQUESTS_READ = "data-requests:read"  # for the whole chain, as is the next
    DATA_REQUESTS_WRITE = "data-requests:write"  # record, search by photo, export, erase, answer
    NOTIFICATIONS_READ = "notifications:read"  # channels, and what became of each delivery
    NOTIFICATIONS_WRITE = "notifications:write"
    POLICY_READ = "policy:read"
    POLICY_WRITE = "policy:write"  # propose, gather evidence, switch off
    POLICY_APPROVE = "policy:approve"
    TRAINING_READ = "training:read"
    TRAINING_WRITE = "training:write"
    SESSIONS_END = "sessions:end"  # of other people: end their log-ins, take away a lost second factor
    SIGN_IN_READ = "sign-in:read"
    SIGN_IN_WRITE = "sign-in:write"  # who needs a second factor, which group has which role
    CHAIN_WRITE = "chain:write"
    STORES_WRITE = "stores:write"  # names; regions and new stores need it for the whole chain
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"  # invite, disable, reset, grant and revoke, never more than one holds oneself
    API_KEYS_READ = "api-keys:read"
    API_KEYS_WRITE = "api-keys:write"
    KEYS_MANAGE = "keys:manage"  # the chain's key: its state and its end
    AUDIT_READ = "audit:read"
    AUDIT_EXPORT = "audit:export"
    MODELS_READ = "models:read"
    MODELS_WRITE = "models:write"  # push, promote, roll back, retire; for the whole chain
    WORKER = "worker"  # the control plane; API keys only


PEOPLE_ONLY: Final = frozenset(
    {
        Permission.SELF,
        Permission.USERS_WRITE,
        Permission.API_KEYS_WRITE,
        Permission.POLICY_APPROVE,
        Permission.WATCHLISTS_SHARE,
        Permission.ENROLMENTS_WRITE,
        Permission.ENROLMENTS_APPROVE,
        Permission.ENROLMENTS_EXCEPT,
        Permission.MATCHES_REVIEW,
        Permission.MATCHES_NAME,
        Permission.TRAINING_WRITE,
        Permission.SESSIONS_END,
        Permission.SIGN_IN_WRITE,
        Permission.KEYS_MANAGE,
        Permission.EVIDENCE_EXPORT,
        Permission.COMPLAINTS_WRITE,
        Permission.DATA_REQUESTS_WRITE,
    }
)
"""What gives rights, takes away a second factor, or asks for one person beside another. An API key never holds it."""


class Role(enum.StrEnum):
    """What a person does here."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    INVESTIGATOR = "investigator"
    ENROLLER = "enroller"
    APPROVER = "approver"
    STORE_MANAGER = "store-manager"
    CHAIN_ADMINISTRATOR = "chain-administrator"
    AUDITOR = "auditor"
    MODEL_ENGINEER = "model-engineer"
    PLATFORM_OPERATOR = "platform-operator"


_LOOKS = frozenset({Permission.SELF, Permission.STORES_READ, Permission.CAMERAS_READ})
_VIEWS = _LOOKS | {Permission.LIVE_VIEW, Permission.ALERTS_READ}
_HANDLES = _VIEWS | {
    Permission.ALERTS_HANDLE,
    Permission.RULES_READ,
    Permission.ROTA_READ,
    Permission.INCIDENTS_READ,
    Permission.INCIDENTS_WRITE,
    Permission.EVIDENCE_READ,
    Permission.EVIDENCE_PLAY,
}
_REVIEWS = frozenset({Permission.MATCHES_READ, Permission.MATCHES_REVIEW, Permission.MATCHES_NAME})
_LISTS = frozenset(
    {
        Permission.WATCHLISTS_READ,
        Permission.WATCHLISTS_WRITE,
        Permission.WATCHLISTS_SHARE,
        Permission.ENROLMENTS_WRITE,
        Permission.ENROLMENTS_APPROVE,
    }
)
_INVESTIGATES = frozenset({Permission.EVIDENCE_RECORD, Permission.EVIDENCE_HOLD, Permission.EVIDENCE_EXPORT})
_MANAGES = (
    _HANDLES
    | _REVIEWS
    | _LISTS
    | _INVESTIGATES
    | {
        Permission.DETECTIONS_READ,
        Permission.FRAMES_ANALYZE,
        Permission.CAMERAS_WRITE,
        Permission.RULES_WRITE,
        Permission.ROTA_WRITE,
        Permission.RETENTION_READ,
        Permission.NOTIFICATIONS_READ,
        Permission.NOTIFICATIONS_WRITE,
        Permission.COMPLAINTS_READ,
        Permission.COMPLAINTS_WRITE,
        Permission.POLICY_READ,
        Permission.POLICY_WRITE,
        Permission.TRAINING_READ,
        Permission.TRAINING_WRITE,
        Permission.STORES_WRITE,
        Permission.USERS_READ,
        Permission.USERS_WRITE,
        Permission.API_KEYS_READ,
        Permission.API_KEYS_WRITE,
        Permission.AUDIT_READ,  # what was done in the stores that are theirs
    }
)

ROLE_PERMISSIONS: Final = MappingProxyType(
    {
        Role.VIEWER: _VIEWS,
        Role.OPERATOR: _HANDLES,
        Role.INVESTIGATOR: _HANDLES
        | _REVIEWS
        | _INVESTIGATES
        | {Permission.DETECTIONS_READ, Permission.FRAMES_ANALYZE, Permission.WATCHLISTS_READ},
        Role.ENROLLER: _LOOKS | {Permission.WATCHLISTS_READ, Permission.ENROLMENTS_WRITE, Permission.INCIDENTS_READ},
        Role.APPROVER: _LOOKS
        | {
            Permission.ALERTS_READ,
            Permission.INCIDENTS_READ,
            Permission.WATCHLISTS_READ,
            Permission.WATCHLISTS_SHARE,
            Permission.ENROLMENTS_APPROVE,
        },
        Role.STORE_MANAGER: _MANAGES,
        Role.CHAIN_ADMINISTRATOR: _MANAGES
        | {
            Permission.AUDIT_EXPORT,  # whoever appoints auditors and model engineers holds what they hold
            Permission.MODELS_READ,
            Permission.MODELS_WRITE,
            Permission.CHAIN_WRITE,
            Permission.DATA_REQUESTS_READ,
            Permission.DATA_REQUESTS_WRITE,
            Permission.RETENTION_WRITE,
            Permission.POLICY_APPROVE,
            Permission.ENROLMENTS_EXCEPT,
            Permission.KEYS_MANAGE,
            Permission.SESSIONS_END,
            Permission.SIGN_IN_READ,
            Permission.SIGN_IN_WRITE,
        },
        # Sees how things are set and what became of alerts, not the live pictures.
        Role.AUDITOR: _LOOKS
        | {
            Permission.ALERTS_READ,
            Permission.INCIDENTS_READ,
            Permission.MATCHES_READ,
            Permission.EVIDENCE_READ,
            Permission.RETENTION_READ,
            Permission.NOTIFICATIONS_READ,
            Permission.COMPLAINTS_READ,
            Permission.DATA_REQUESTS_READ,
            Permission.ROTA_READ,
            Permission.RULES_READ,
            Permission.POLICY_READ,
            Permission.TRAINING_READ,
            Permission.SIGN_IN_READ,
            Permission.USERS_READ,
            Permission.API_KEYS_READ,
            Permission.MODELS_READ,
            Permission.AUDIT_READ,
            Permission.AUDIT_EXPORT,
        },
        Role.MODEL_ENGINEER: _LOOKS
        | {Permission.DETECTIONS_READ, Permission.FRAMES_ANALYZE, Permission.RULES_READ}
        | {Permission.MODELS_READ, Permission.MODELS_WRITE},
        # Keeps cameras and workers running without watching people.
        Role.PLATFORM_OPERATOR: _LOOKS
        | {Permission.CAMERAS_WRITE, Permission.RULES_READ, Permission.API_KEYS_READ, Permission.API_KEYS_WRITE},
    }
)


def permissions_of(role: str) -> frozenset[Permission]:
    """The permissions of a role by its stored name; none for a name this version does not know."""
    try:
        return ROLE_PERMISSIONS[Role(role)]
    except ValueError:
        return frozenset()


def key_permissions(names: list[str]) -> frozenset[Permission]:
    """What an API key may do: what it was given, less what only people may, whenever it was made."""
    return known_permissions(names) - PEOPLE_ONLY


def known_permissions(names: list[str]) -> frozenset[Permission]:
    """The permissions an API key's stored names stand for; unknown names grant nothing."""
    known = {permission.value: permission for permission in Permission}
    return frozenset(known[name] for name in names if name in known)
