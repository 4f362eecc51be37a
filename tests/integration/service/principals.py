"""Two chains, three stores, a region, somebody of every role at every scope: made by SQL, signed with the service's secret."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from app.auth.permissions import ROLE_PERMISSIONS, Permission, Role
from app.auth.tokens import AccessClaims, TokenSigner, opaque_token, token_hash
from app.kit.clock import now
from app.kit.ids import new_id
from tests.integration.service.conftest import Product

SCOPES = ("chain", "region", "store", "other-store", "other-chain")
Ids = dict[str, uuid.UUID]


@dataclass(frozen=True)
class World:
    """Ids of one thing of each kind at each place, by the name that paths give them; and where each place is."""

    product: Product
    chain: uuid.UUID
    other_chain: uuid.UUID
    region: uuid.UUID
    stores: Ids
    things: dict[str, Ids]

    async def sign_in(self, role: Role, scope: str) -> tuple[uuid.UUID, str]:
        """A new user with one role; (id, access token)."""
        chain = self.other_chain if scope == "other-chain" else self.chain
        user, session = new_id(), new_id()
        where = {"region": (None, self.region), "store": (self.stores["store"], None)}
        where["other-store"] = (self.stores["other-store"], None)
        store, region = where.get(scope, (None, None))
        sql = self.product.sql
        await sql(
            "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1, $2, $3, '')", user, chain, f"{role}-{user}"
        )
        await sql(
            "INSERT INTO memberships (id, chain_id, user_id, role, store_id, region_id) VALUES ($1, $2, $3, $4, $5, $6)",
            new_id(), chain, user, role.value, store, region,
        )  # fmt: skip
        await sql(
            "INSERT INTO sessions (id, chain_id, user_id, refresh_hash, expires_at)"
            " VALUES ($1, $2, $3, $4, now() + interval '1 day')",
            session, chain, user, token_hash(opaque_token()),
        )  # fmt: skip
        moment = now()
        claims = AccessClaims(user, session, chain, moment + timedelta(minutes=15))
        return user, TokenSigner("j" * 40).sign(claims, moment)

    async def key(self, permissions: frozenset[Permission], scope: str) -> str:
        """An API key's secret."""
        secret, chain = opaque_token(), self.other_chain if scope == "other-chain" else self.chain
        stores: list[uuid.UUID] | None = None
        regions: list[uuid.UUID] | None = None
        if scope in ("store", "other-store"):
            stores, regions = [self.stores[scope]], []
        if scope == "region":
            stores, regions = [], [self.region]
        await self.product.sql(
            "INSERT INTO api_keys (id, chain_id, name, key_hash, permissions, stores, regions)"
            " VALUES ($1, $2, 'k', $3, $4, $5, $6)",
            new_id(), chain, token_hash(secret), sorted(permissions), stores, regions,
        )  # fmt: skip
        return secret


async def make_world(product: Product) -> World:
    """The first chain's store is in the region; the other store of it is not."""
    chain = (await product.sql("SELECT id FROM chains"))[0]["id"]
    stores = {"store": (await product.sql("SELECT id FROM stores"))[0]["id"], "other-store": new_id(), "other-chain": new_id()}
    other_chain, region = new_id(), new_id()
    await product.sql("INSERT INTO chains (id, name) VALUES ($1, 'Theirs')", other_chain)
    await product.sql("INSERT INTO regions (id, chain_id, name) VALUES ($1, $2, 'North')", region, chain)
    await product.sql("UPDATE stores SET region_id = $1", region)
    for place, owner in (("other-store", chain), ("other-chain", other_chain)):
        await product.sql("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, $3)", stores[place], owner, place)
    things = {}
    for place in stores:
        things[place] = await make_things(product, other_chain if place == "other-chain" else chain, stores[place])
    things["store"]["region_id"] = region
    return World(product, chain, other_chain, region, stores, things)


ADD = {
    "camera_id": "INSERT INTO cameras (id, chain_id, store_id, name, url) VALUES ($1, $2, $3, 'c', 'rtsp://192.0.2.1/x')",
    "zone_id": "INSERT INTO zones (id, chain_id, store_id, camera_id, name, kind, polygon)"
    " VALUES ($1, $2, $3, $4, 'z', 'area', '[[0,0],[1,0],[1,1]]')",
    "mask_id": "INSERT INTO privacy_masks (id, chain_id, store_id, camera_id, name, polygon)"
    " VALUES ($1, $2, $3, $4, 'm', '[[0,0],[1,0],[1,1]]')",
    "camera_link_id": "WITH other AS (INSERT INTO cameras (id, chain_id, store_id, name, url)"
    " VALUES (gen_random_uuid(), $2, $3, 'l', 'rtsp://192.0.2.1/l') RETURNING id)"
    " INSERT INTO camera_links (id, chain_id, store_id, camera_a, camera_b, metres, created_at)"
    " SELECT $1, $2, $3, least($4::uuid, other.id), greatest($4, other.id), 5, now() FROM other",
    "layout_id": "INSERT INTO live_layouts (id, chain_id, store_id, name, changed_at)"
    " SELECT $1::uuid, $2, $3, 'layout-' || $1::text, now()",
    "rule_id": "INSERT INTO rules (id, chain_id, store_id, camera_id, kind) VALUES ($1, $2, $3, $4, 'loitering')",
    "alert_id": "INSERT INTO alerts (id, chain_id, store_id, camera_id, kind, threat, score, threshold, explanation, track_ids,"
    " epoch, started_at, ended_at) VALUES ($1, $2, $3, $4, 'loitering', 'low', 1, 0.5, '{}', '{1}', 1, now(), now())",
    "user_id": "INSERT INTO users (id, chain_id, username, password_hash) SELECT $1::uuid, $2, 'user-' || $1::text, ''"
    " WHERE $3::uuid IS NOT NULL",
    "membership_id": "INSERT INTO memberships (id, chain_id, user_id, role, store_id) SELECT $1, $2,"
    " (SELECT id FROM users WHERE chain_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1), 'viewer', $3",
    "entry_id": "INSERT INTO rota_entries (id, chain_id, store_id, user_id, days, starts, ends, timezone, after_s,"
    " lowest_threat)"
    " SELECT $1, $2, $3, (SELECT id FROM users WHERE chain_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1), '{1}', '08:00',"
    " '20:00', 'UTC', 60, 'low'",
    "incident_id": "INSERT INTO incidents (id, chain_id, store_id, kind, title, opened_by, opened_at, changed_at)"
    " SELECT $1, $2, $3, 'theft', 't', id, now(), now() FROM users WHERE chain_id = $2"
    " ORDER BY created_at DESC, id DESC LIMIT 1",
    "watchlist_id": "INSERT INTO watchlists (id, chain_id, store_id, name, category, reach, purpose, created_by, created_at)"
    " SELECT $1, $2, $3, 'l', 'violence', 'chain', 'p', id, now() FROM users WHERE chain_id = $2 ORDER"
    " BY created_at DESC, id DESC"
    " LIMIT 1",
    "assignment_id": "INSERT INTO watchlist_assignments (id, chain_id, watchlist_id, home_store_id, store_id, starts_at,"
    " ends_at,"
    " proposed_by, proposed_at) SELECT $1, $2, id, $3, $3, now(), now() + interval '9 days', created_by, now() FROM watchlists"
    " WHERE store_id = $3 ORDER BY created_at DESC, id DESC LIMIT 1",
    "person_id": "INSERT INTO persons (id, chain_id, store_id, created_by, created_at) SELECT $1, $2, $3, id, now()"
    " FROM users WHERE chain_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1",
    "enrolment_id": "INSERT INTO enrolments (id, chain_id, store_id, person_id, watchlist_id, state, category, reason,"
    " incident_id, source, evidence, review_on, expires_at, under_18, vulnerable, age_basis,"
    " notice_withheld, enrolled_by, enrolled_at)"
    " SELECT $1, $2, $3, p.id, w.id, 'proposed', 'violence', 'r', i.id, 'police', 'e', current_date + 9,"
    " now() + interval '99 days',"
    " false, false, 'b', 'n', w.created_by, now() FROM persons p, watchlists w, incidents i"
    " WHERE p.store_id = $3 AND w.store_id = $3 AND i.store_id = $3"
    " ORDER BY p.created_at DESC, w.created_at DESC, i.opened_at DESC LIMIT 1",
    "match_id": "INSERT INTO matches (id, chain_id, store_id, camera_id, epoch, track_id, captured_at, enrolment_id,"
    " person_id, watchlist_id, match_score, band, threshold, model, model_version, policy_revision)"
    " SELECT $1, $2, $3, $4, 1, 1, now(), id,"
    " person_id, watchlist_id, 0.9, 'low', 0.8, 'm', '1', 1 FROM enrolments WHERE store_id = $3 ORDER BY"
    " enrolled_at DESC LIMIT 1",
    "suspension_id": "INSERT INTO match_suspensions (id, chain_id, store_id, camera_id, reason, suspended_at)"
    " VALUES ($1, $2, $3, $4, 'r', now())",
    "evidence_id": "INSERT INTO evidence (id, chain_id, store_id, camera_id, type, state, wanted_from, wanted_to, moment, s3_key,"
    " size, sha256, media_type, present_at) VALUES ($1::uuid, $2, $3, $4, 'still', 'present', now(), now(), now(),"
    " 'evidence/' || $1::text, 1, sha256('x'), 'image/jpeg', now())",
    "export_id": "INSERT INTO evidence_exports (id, chain_id, store_id, evidence_id, state, purpose, recipient, redaction,"
    " requested_by, expires_at, token_hash, s3_key, size, sha256) SELECT $1::uuid, $2, $3, e.id, 'ready', 'p', 'r', 'none', u.id,"
    " now() + interval '1 day', sha256($1::text::bytea), 'exports/' || $1::text, 1, sha256('x') FROM evidence e, users u"
    " WHERE e.store_id = $3 AND u.chain_id = $2 ORDER BY e.present_at DESC NULLS LAST, u.created_at DESC, u.id DESC LIMIT 1",
    "complaint_id": "INSERT INTO complaints (id, chain_id, store_id, received_at, happened_at, summary, recorded_by, recorded_at)"
    " SELECT $1, $2, $3, now(), now(), 's', id, now() FROM users WHERE chain_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1",
    "data_request_id": "INSERT INTO data_requests (id, chain_id, kind, received_at, identity_checked, recorded_by, recorded_at)"
    " SELECT $1, $2, 'erasure', now(), 'seen', id, now() FROM users WHERE chain_id = $2 AND $3::uuid IS NOT NULL"
    " ORDER BY created_at DESC, id DESC LIMIT 1",
    "channel_id": "INSERT INTO notification_channels (id, chain_id, store_id, kind, name, hint, secret, occasions, lowest_threat)"
    " VALUES ($1, $2, $3, 'webhook', 'w', 'https://example.com', 'x', '{alert-raised}', 'low')",
    "notification_id": "INSERT INTO notifications (id, chain_id, store_id, channel_id, cause, occasion, message, state)"
    " SELECT $1, $2, $3, id, $1, 'test', '{}', 'dead' FROM notification_channels WHERE store_id = $3 LIMIT 1",
    "session_id": "INSERT INTO sessions (id, chain_id, user_id, refresh_hash, expires_at) SELECT $1::uuid, $2,"
    " (SELECT id FROM users WHERE chain_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1), sha256($1::text::bytea),"
    " now() + interval '1 day' WHERE $3::uuid IS NOT NULL",
    "key_id": "INSERT INTO api_keys (id, chain_id, name, key_hash, permissions, stores, regions) SELECT $1::uuid, $2, 'k',"
    " sha256($1::text::bytea), '{cameras:read}', ARRAY[$3::uuid], '{}'",
    "region_id": "INSERT INTO regions (id, chain_id, name) SELECT $1::uuid, $2, 'region-' || $1::text WHERE $3::uuid IS NOT NULL",
    "mapping_id": "INSERT INTO oidc_group_mappings (id, chain_id, group_name, role, store_id)"
    " VALUES ($1::uuid, $2, 'group-' || $1::text, 'viewer', $3)",
    "destruction_id": "INSERT INTO key_destructions (id, chain_id, requested_by, requested_at)"
    " SELECT $1, $2, $1, now() WHERE $3::uuid IS NOT NULL",
    "course_id": "INSERT INTO training_courses (id, chain_id, name, gate, valid_months)"
    " SELECT $1::uuid, $2, 'course-' || $1::text, 'review', 12 WHERE $3::uuid IS NOT NULL",
    "record_id": "WITH trainer AS (INSERT INTO users (id, chain_id, username, password_hash)"
    " VALUES (gen_random_uuid(), $2, 'trainer-' || $1::uuid::text, '') RETURNING id) INSERT INTO training_records"
    " (id, chain_id, course_id, user_id, trainer, trained_on, expires_on, recorded_by) SELECT $1::uuid, $2,"
    " (SELECT id FROM training_courses WHERE chain_id = $2 LIMIT 1),"
    " (SELECT user_id FROM memberships WHERE store_id = $3 LIMIT 1), 't', current_date, current_date + 9, id FROM trainer",
    "model_version_id": "INSERT INTO model_versions (id, chain_id, model, version, artefact, publisher, licence, training_data,"
    " manifest_sha256, signed_by, report, pushed_by, pushed_at) SELECT $1::uuid, $2, 'yolo_pose',"
    " nextval('model_version_numbers'), 'a', 'p', 'l', 't', sha256($1::text::bytea), 'k', '{}', $1, now()"
    " WHERE $3::uuid IS NOT NULL",
    "disagreement_id": "WITH run AS (INSERT INTO model_shadows (id, chain_id, model, version, share, started_by, ended_at)"
    " SELECT gen_random_uuid(), $2, 'yolo_pose', 1001, 1, $1::uuid, now() WHERE $3::uuid IS NOT NULL RETURNING id)"
    " INSERT INTO model_disagreements (id, shadow_id, chain_id, camera_id, against, captured_at, only_old, only_new, likeness,"
    " still) SELECT $1, run.id, $2, $4, 1, now(), 0, 1, 1, 'x' FROM run",
    "photo_id": "INSERT INTO sign_photos (id, chain_id, store_id, taken_on, width, height, sha256, jpeg, uploaded_by)"
    " SELECT $1, $2, $3, current_date, 1, 1, sha256('x'), 'x',"
    " (SELECT id FROM users WHERE chain_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1)",
}
"""How to make one of each thing that a path names: $1 its id, $2 chain, $3 store, $4 camera. A new kind is one line here."""


async def make_things(product: Product, chain: uuid.UUID, store: uuid.UUID) -> Ids:
    """One of each kind, fresh; ids by the name that paths give them."""
    found = {name: new_id() for name in ADD}
    await product.sql("ALTER TABLE matches DISABLE TRIGGER biometrics_face")  # faces are off here; the rows are of no face
    for name, statement in ADD.items():
        given = (found[name], chain, store, found["camera_id"])
        await product.sql(statement, *given[: 4 if "$4" in statement else 3])
    await product.sql("ALTER TABLE matches ENABLE TRIGGER biometrics_face")
    return {**found, "store_id": store, "chain_id": chain}


def expected(role: Role, permission: str) -> bool:
    """What the table says."""
    return Permission(permission) in ROLE_PERMISSIONS[role]
