"""What an audit row says: who did what to what. Ids only, never names, so that erasing a person keeps the chain."""

import enum
import uuid
from dataclasses import dataclass, field
from typing import Any, Final


class ActorKind(enum.StrEnum):
    """Who acted."""

    USER = "user"
    API_KEY = "api-key"
    SYSTEM = "system"


class Act(enum.StrEnum):
    """What was done."""

    LOG_IN = "log-in"
    LOG_IN_REFUSED = "log-in-refused"
    LOG_OUT = "log-out"
    REFRESH_REPLAYED = "refresh-replayed"
    TOKEN_REFUSED = "token-refused"  # noqa: S105 - the name of an act
    TICKET_REFUSED = "ticket-refused"
    SECOND_FACTOR_REFUSED = "second-factor-refused"
    SECOND_FACTOR_GIVEN = "second-factor-given"
    SECOND_FACTOR_ENROLLED = "second-factor-enrolled"
    SECOND_FACTOR_REMOVED = "second-factor-removed"
    RECOVERY_CODE_USED = "recovery-code-used"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of an act
    PASSWORD_REFUSED = "password-refused"  # noqa: S105 - the name of an act
    LANGUAGE_CHOSEN = "language-chosen"
    SESSION_ENDED = "session-ended"
    SESSIONS_ENDED = "sessions-ended"
    SIGN_IN_SETTINGS_CHANGED = "sign-in-settings-changed"
    OIDC_REFUSED = "oidc-refused"
    OIDC_MAPPING_CREATED = "oidc-mapping-created"
    OIDC_MAPPING_REMOVED = "oidc-mapping-removed"
    OIDC_USER_CREATED = "oidc-user-created"
    OIDC_ROLES_DERIVED = "oidc-roles-derived"
    CHAIN_CREATED = "chain-created"
    CHAIN_CHANGED = "chain-changed"
    REGION_CREATED = "region-created"
    REGION_CHANGED = "region-changed"
    REGION_REMOVED = "region-removed"
    STORE_CREATED = "store-created"
    STORE_CHANGED = "store-changed"
    USER_INVITED = "user-invited"
    USER_DISABLED = "user-disabled"
    USER_ENABLED = "user-enabled"
    USER_PASSWORD_RESET = "user-password-reset"  # noqa: S105 - the name of an act
    MEMBERSHIP_GRANTED = "membership-granted"
    MEMBERSHIP_REVOKED = "membership-revoked"
    ADMINISTRATION_REFUSED = "administration-refused"
    API_KEY_CREATED = "api-key-created"
    API_KEY_ROTATED = "api-key-rotated"
    API_KEY_REVOKED = "api-key-revoked"
    LIVE_VIEW = "live-view"
    SNAPSHOT = "snapshot"
    CAMERA_CREATED = "camera-created"
    CAMERA_CHANGED = "camera-changed"
    CAMERA_REMOVED = "camera-removed"
    CAMERA_PROBED = "camera-probed"
    CAMERAS_DISCOVERED = "cameras-discovered"
    ZONE_CREATED = "zone-created"
    ZONE_CHANGED = "zone-changed"
    ZONE_REMOVED = "zone-removed"
    CAMERA_LINK_CREATED = "camera-link-created"
    CAMERA_LINK_REMOVED = "camera-link-removed"
    FLOOR_PLAN_DRAWN = "floor-plan-drawn"
    FLOOR_PLAN_CHANGED = "floor-plan-changed"
    FLOOR_PLAN_REMOVED = "floor-plan-removed"
    LAYOUT_CREATED = "layout-created"
    LAYOUT_CHANGED = "layout-changed"
    LAYOUT_REMOVED = "layout-removed"
    RULE_CREATED = "rule-created"
    RULE_CHANGED = "rule-changed"
    RULE_REMOVED = "rule-removed"
    RULE_REPLAYED = "rule-replayed"
    KEY_ROTATED = "key-rotated"
    TEMPLATES_TURNED = "templates-turned"
    KEY_DESTRUCTION_REQUESTED = "key-destruction-requested"
    KEY_DESTROYED = "key-destroyed"
    ALERT_CLAIMED = "alert-claimed"
    ALERT_ACKNOWLEDGED = "alert-acknowledged"
    ALERT_SNOOZED = "alert-snoozed"
    ALERT_WOKEN = "alert-woken"
    ALERT_ESCALATED = "alert-escalated"
    ALERT_RESOLVED = "alert-resolved"
    ALERT_REOPENED = "alert-reopened"
    ALERT_LOOKED_AGAIN = "alert-looked-again"
    SECOND_LOOK_SWITCHED = "second-look-switched"
    INCIDENT_OPENED = "incident-opened"
    INCIDENT_CHANGED = "incident-changed"
    INCIDENT_ALERT_JOINED = "incident-alert-joined"
    INCIDENT_ALERT_LEFT = "incident-alert-left"
    INCIDENT_STAFF_JOINED = "incident-staff-joined"
    INCIDENT_STAFF_LEFT = "incident-staff-left"
    INCIDENT_NOTED = "incident-noted"
    INCIDENT_REVIEWED = "incident-reviewed"
    INCIDENT_CLOSED = "incident-closed"
    INCIDENT_REOPENED = "incident-reopened"
    INCIDENT_REPORTED = "incident-reported"
    VISITS_SHOWN = "visits-shown"
    ROTA_ENTRY_CREATED = "rota-entry-created"
    ROTA_ENTRY_REMOVED = "rota-entry-removed"
    WATCHLIST_CREATED = "watchlist-created"
    WATCHLIST_CHANGED = "watchlist-changed"
    WATCHLIST_RETIRED = "watchlist-retired"
    ASSIGNMENT_PROPOSED = "assignment-proposed"
    ASSIGNMENT_APPROVED = "assignment-approved"
    ASSIGNMENT_REJECTED = "assignment-rejected"
    ASSIGNMENT_ENDED = "assignment-ended"
    PERSON_CREATED = "person-created"
    PERSON_FORGOTTEN = "person-forgotten"
    WATCHLIST_SEARCHED = "watchlist-searched"
    WATCHLIST_EXPORTED = "watchlist-exported"
    ENROLMENT_SHOWN = "enrolment-shown"
    FACE_CHECKED = "face-checked"
    ENROLMENT_DRAFTED = "enrolment-drafted"
    ENROLMENT_PROPOSED = "enrolment-proposed"
    ENROLMENT_APPROVED = "enrolment-approved"
    ENROLMENT_REJECTED = "enrolment-rejected"
    ENROLMENT_RENEWAL_PROPOSED = "enrolment-renewal-proposed"
    ENROLMENT_EXPIRED = "enrolment-expired"
    ENROLMENT_ERASED = "enrolment-erased"
    ENROLMENT_REFUSED = "enrolment-refused"
    GAIT_PROPOSED = "gait-proposed"
    GAIT_APPROVED = "gait-approved"
    GAIT_REMOVED = "gait-removed"
    IDENTITY_SETTINGS_CHANGED = "identity-settings-changed"
    MATCHES_SEARCHED = "matches-searched"
    MATCH_SHOWN = "match-shown"
    MATCH_REVIEWED = "match-reviewed"
    MATCH_REVIEW_REFUSED = "match-review-refused"
    MATCHING_SUSPENDED = "matching-suspended"
    MATCHING_RESUMED = "matching-resumed"
    FALSE_MATCHES_REPORTED = "false-matches-reported"
    THRESHOLD_PROPOSED = "threshold-proposed"
    THRESHOLD_APPROVED = "threshold-approved"
    THRESHOLD_REJECTED = "threshold-rejected"
    EVIDENCE_ASKED_FOR = "evidence-asked-for"
    EVIDENCE_REGISTERED = "evidence-registered"
    EVIDENCE_PLAYED = "evidence-played"
    EVIDENCE_HELD = "evidence-held"
    EVIDENCE_RELEASED = "evidence-released"
    EVIDENCE_EXPORT_ASKED_FOR = "evidence-export-asked-for"
    EVIDENCE_PREVIEWED = "evidence-previewed"
    EVIDENCE_EXPORTED = "evidence-exported"
    EVIDENCE_EXPORT_FETCHED = "evidence-export-fetched"
    EVIDENCE_DELETED = "evidence-deleted"
    EVIDENCE_MISSING = "evidence-missing"
    RETENTION_CHANGED = "retention-changed"
    COMPLAINTS_SEARCHED = "complaints-searched"
    COMPLAINT_RECORDED = "complaint-recorded"
    COMPLAINT_SHOWN = "complaint-shown"
    COMPLAINT_ACKNOWLEDGED = "complaint-acknowledged"
    COMPLAINT_DECIDED = "complaint-decided"
    DATA_REQUESTS_SEARCHED = "data-requests-searched"
    DATA_REQUEST_RECORDED = "data-request-recorded"
    DATA_REQUEST_SHOWN = "data-request-shown"
    DATA_REQUEST_FACE_SOUGHT = "data-request-face-sought"
    DATA_REQUEST_ENTRY_ADDED = "data-request-entry-added"
    DATA_REQUEST_ENTRY_REMOVED = "data-request-entry-removed"
    DATA_REQUEST_FOOTAGE_DECIDED = "data-request-footage-decided"
    DATA_REQUEST_EXPORTED = "data-request-exported"
    DATA_REQUEST_ERASED = "data-request-erased"
    DATA_REQUEST_EXTENDED = "data-request-extended"
    DATA_REQUEST_ANSWERED = "data-request-answered"
    DATA_REQUEST_PROVED = "data-request-proved"
    NOTIFICATION_CHANNEL_CREATED = "notification-channel-created"
    NOTIFICATION_CHANNEL_CHANGED = "notification-channel-changed"
    NOTIFICATION_CHANNEL_REMOVED = "notification-channel-removed"
    NOTIFICATION_CHANNEL_TESTED = "notification-channel-tested"
    NOTIFICATION_CHANNEL_CODE_SENT = "notification-channel-code-sent"
    NOTIFICATION_CHANNEL_CONFIRMED = "notification-channel-confirmed"
    NOTIFICATION_CHANNEL_CODE_REFUSED = "notification-channel-code-refused"
    WEBHOOK_SECRET_ROTATED = "webhook-secret-rotated"  # noqa: S105 - the name of an act
    NOTIFICATIONS_REPLAYED = "notifications-replayed"
    MODEL_PUSHED = "model-pushed"
    MODEL_REFUSED = "model-refused"
    MODEL_PROMOTED = "model-promoted"
    MODEL_CALIBRATED = "model-calibrated"
    MODEL_ROLLED_BACK = "model-rolled-back"
    MODEL_RETIRED = "model-retired"
    MODEL_SHADOW_STARTED = "model-shadow-started"
    MODEL_SHADOW_ENDED = "model-shadow-ended"
    MODEL_STILL_SHOWN = "model-still-shown"
    POLICY_PROPOSED = "policy-proposed"
    POLICY_APPROVED = "policy-approved"
    POLICY_REJECTED = "policy-rejected"
    POLICY_OFF = "policy-off"
    POLICY_REFUSED = "policy-refused"
    JURISDICTION_CHANGED = "jurisdiction-changed"
    SIGN_PHOTO_ADDED = "sign-photo-added"
    ACCEPTANCE_TEST_RECORDED = "acceptance-test-recorded"
    MASK_CREATED = "mask-created"
    MASK_CHANGED = "mask-changed"
    MASK_REMOVED = "mask-removed"
    COURSE_CREATED = "course-created"
    COURSE_RETIRED = "course-retired"
    TRAINING_RECORDED = "training-recorded"
    TRAINING_WITHDRAWN = "training-withdrawn"
    DETECTIONS_SEARCHED = "detections-searched"
    FRAME_ANALYZED = "frame-analyzed"
    LIVE_VIEW_ENDED = "live-view-ended"
    REQUEST_REFUSED = "request-refused"
    AUDIT_READ = "audit-read"
    AUDIT_EXPORTED = "audit-exported"


def audited(*acts: Act) -> dict[str, Any]:
    """The declaration of an endpoint's acts, for `openapi_extra`: success appends a row of the first in its own transaction.

    Args:
        acts: the first is the one that success always leaves; others may follow it.
    """
    if not acts:
        raise TypeError("audited() names at least one act")
    return {"x-audit": [act.value for act in acts]}


def unaudited(reason: str) -> dict[str, Any]:
    """The declaration that an endpoint leaves no row, and why that is right: one of the reasons below, or a sentence."""
    if len(reason) < 10:
        raise TypeError("unaudited() wants a reason that a reader understands")
    return {"x-unaudited": reason}


SETTINGS_SHOWN: Final = "Shows settings, no pictures and nobody's doings; each change of them leaves a row."
STAFF_SHOWN: Final = "Shows which staff may sign in, to those who administer them; each change leaves a row."
ALERTS_SHOWN: Final = (
    "What stands on every operator's screen, asked for all the time; whatever is done about an alert leaves a row."
)
OWN: Final = "Shows people their own account."
MACHINES: Final = "Machines report here many times a second; no person acts."
NO_STORE_DATA: Final = "The same for everybody; nothing of a store is in it."


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act.

    Attributes:
        details: small JSON without secrets and without names of people.
    """

    act: Act
    actor_kind: ActorKind
    actor_id: uuid.UUID | None
    chain_id: uuid.UUID | None
    store_id: uuid.UUID | None = None
    subject_kind: str = ""
    subject_id: uuid.UUID | None = None
    details: dict[str, Any] = field(default_factory=dict)
