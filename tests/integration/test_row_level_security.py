"""Who sees what, by raw SQL under each role; the lists of policies, functions and grants are pinned here."""

import asyncio
import contextlib
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.kit.ids import new_id
from app.kit.postgres import TenantScope, connect_pool, tenant_transaction
from tests.integration import grants
from tests.integration.pipeline.conftest import Site, pipeline_servers, site  # noqa: F401 - fixtures

TABLES = ("stores", "cameras", "zones", "rules", "alerts", "stream_sessions", "camera_status", "ai_detections", "site_policies")
DEFINERS = {
    "api_key_lookup", "audit_state", "chains_to_embed", "chains_to_turn", "hold_enrolment",
    "bump_configuration_revision", "bump_gallery_revision", "expired_enrolments",
    "forget_ended_sign_ins", "gallery_assignments", "gallery_entries", "gallery_kinds", "gallery_rotations", "gallery_state",
    "gallery_suspensions", "gallery_thresholds", "lease_cameras", "lists_assigned_here", "login_lookup", "login_record",
    "make_detection_partitions", "drop_detection_partitions", "may_match",
    "oidc_chain", "public_policy", "schema_version", "session_lookup",
    "shards_owned", "store_runs", "stores_with_biometrics", "tenant_key", "second_looks_due",
    "claim_export", "evidence_chain", "evidence_jobs", "export_by_token", "want_evidence", "retention_chains",
    "model_pointers_of_worker", "model_use_of_worker", "face_use_of_worker", "pushed_face_versions",
    "next_model_version", "ready_model_versions", "note_model_readings",
    "note_model_comparisons", "keep_model_disagreement", "keep_sealed_disagreement", "chain_of_disagreement",
    "forget_model_readings", "watched_model_pointers", "chains_with_model_readings", "overdue_model_shadows",
    "forget_words_about", "forget_answers_about", "gallery_listed", "gallery_vectors", "relayed_cameras", "forget_visits",
    "persons_without_entry", "forget_old_answers", "forget_answered_contacts", "gait_candidates",
}  # fmt: skip
"""Functions that run with the owner's rights. A new one is added here by a person who has read it."""
POLICIES = {
    "tenant": {
        "ai_detections", "alerts", "api_keys", "camera_status", "cameras", "chains", "memberships", "outbox", "rules", "sessions",
        "regions", "site_policies", "stores", "stream_sessions", "users", "zones",
        "alert_occurrences", "alert_views", "incident_alerts", "incident_entries", "incidents", "rota_entries",
        "rule_series", "second_looks",
        "acceptance_tests", "privacy_masks", "proposed_changes", "sign_photos", "training_courses", "training_records",
        "oidc_group_mappings", "oidc_identities", "oidc_region_mappings", "recovery_codes", "sign_in_settings", "totp_secrets",
        "audit_checks", "audit_log", "key_destructions", "tenant_keys",
        "enrolment_images", "enrolments", "erasures", "facial_profiles", "gallery_revisions", "identity_settings",
        "match_pictures", "match_reviews", "match_suspensions", "match_thresholds", "matches", "persons", "template_rotations",
        "watchlist_assignments", "watchlists",
        "stranger_scores",
        "gait_profiles", "gait_supports",
        "camera_links", "visit_sightings", "floor_plans", "camera_places", "live_layouts",
        "evidence", "evidence_custody", "evidence_exports", "signing_keys", "retention_rules", "deletion_receipts",
        "notification_channels", "notifications", "complaints", "data_requests", "data_request_footage",
        "data_request_subjects",
        "model_pointers", "model_versions", "model_readings", "model_shadows", "model_comparisons", "model_disagreements",
    },
    "home": {"watchlist_assignments"},
    "assigned": {"enrolment_images", "enrolments", "persons", "watchlists"},
    "everybody": {"face_calibrations"},
    "calibrates": {"face_calibrations"},
    "pipeline": {
        "ai_detections", "alert_occurrences", "alerts", "camera_status", "cameras", "matches", "outbox", "rules",
        "site_policies", "stores", "stream_sessions", "zones", "rule_series", "incidents", "incident_alerts",
        "incident_entries", "audit_unsealed", "face_calibrations", "match_pictures", "stranger_scores", "tenant_keys",
        "camera_links", "visit_sightings", "gait_supports",
    },
    "dispatcher": {
        "alerts", "audit_unsealed", "outbox", "rota_entries", "stores", "notification_channels", "notifications",
        "memberships", "users",
    },
    "sealer": {"audit_checks", "audit_log", "audit_unsealed"},
    "retention": {
        "audit_unsealed", "complaints", "data_request_footage", "data_requests", "deletion_receipts", "evidence",
        "evidence_custody", "evidence_exports",
        "incident_alerts", "incidents", "retention_rules",
    },
    "not_deleted_here": {"evidence"},
    "append": {"audit_unsealed"},
    "own": {"idempotency_keys"},
}  # fmt: skip
UNPROTECTED = {
    "audit_exports",
    "audit_lease",
    "camera_leases",
    "camera_workers",
    "checkpoints",
    "configuration_revision",
    "escalation_lease",
    "pipelines",
    "retention_lease",
    "schema_migrations",
    "shard_leases",
}
"""Tables without a tenant: no grant lets the application role read them, but the revision."""


@pytest.fixture
async def app(site: Site) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:  # noqa: F811 - a fixture
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_app"), role="test", largest=2)
    yield pool
    await pool.close()


async def another_chain(site: Site) -> tuple[uuid.UUID, uuid.UUID]:  # noqa: F811
    chain, store = new_id(), new_id()
    await site.pool.execute("INSERT INTO chains (id, name) VALUES ($1, 'Other')", chain)
    await site.pool.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, 'Other')", store, chain)
    await site.pool.execute(
        "INSERT INTO cameras (id, chain_id, store_id, name, url) VALUES ($1, $2, $3, 'Theirs', 'rtsp://x')",
        new_id(),
        chain,
        store,
    )
    return chain, store


async def test_a_scope_sees_its_own_chain_and_stores_only(site: Site, app: "asyncpg.Pool[asyncpg.Record]") -> None:  # noqa: F811
    chain, store = await another_chain(site)
    second = new_id()
    await site.pool.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, 'Second')", second, site.chain)
    await site.add_camera(second)

    async def names(scope: TenantScope, table: str = "cameras") -> int:
        async with tenant_transaction(app, scope) as connection:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))

    assert await names(TenantScope(site.chain)) == 2
    assert await names(TenantScope(site.chain, frozenset({site.store}))) == 1
    assert await names(TenantScope(site.chain, frozenset())) == 0
    assert await names(TenantScope(site.chain, frozenset({store}))) == 0
    assert await names(TenantScope(chain)) == 1
    assert await names(TenantScope(chain), "stores") == 1
    assert await names(TenantScope(chain), "chains") == 1


async def test_without_a_scope_there_is_nothing_and_a_scope_ends_with_its_transaction(
    site: Site, app: "asyncpg.Pool[asyncpg.Record]"  # noqa: F811
) -> None:  # fmt: skip
    async with tenant_transaction(app, TenantScope(site.chain)) as connection:
        assert await connection.fetchval("SELECT count(*) FROM cameras") == 1
    for table in TABLES:
        assert await app.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_rows_cannot_be_written_into_another_scope(site: Site, app: "asyncpg.Pool[asyncpg.Record]") -> None:  # noqa: F811
    chain, store = await another_chain(site)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_transaction(app, TenantScope(site.chain)) as connection:
            await connection.execute(
                "INSERT INTO cameras (id, chain_id, store_id, name, url) VALUES ($1, $2, $3, 'n', 'u')", new_id(), chain, store
            )
    async with tenant_transaction(app, TenantScope(site.chain)) as connection:
        assert await connection.execute("UPDATE cameras SET name = 'mine' WHERE chain_id = $1", chain) == "UPDATE 0"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM users", "SELECT * FROM sessions", "SELECT * FROM api_keys", "SELECT url FROM cameras",
        "SELECT credentials FROM cameras", "DELETE FROM alerts", "UPDATE alerts SET state = 'resolved'", "SELECT * FROM outbox",
        "SELECT login_lookup('x')", "SET ROLE pennyprotect_owner", "SELECT * FROM audit_unsealed",
    ],
)  # fmt: skip
async def test_the_pipeline_may_not(site: Site, statement: str) -> None:  # noqa: F811
    connection = await asyncpg.connect(site.servers.postgres.url("pennyprotect_pipeline"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM alerts", "SELECT explanation FROM alerts", "UPDATE alerts SET outcome = 'false'", "DELETE FROM alerts",
        "SELECT * FROM cameras", "SELECT username FROM users", "SELECT jurisdiction FROM stores",
        "UPDATE rota_entries SET after_s = 10",
        "SELECT * FROM audit_unsealed",
        "INSERT INTO audit_unsealed (id, actor_kind, act) VALUES (gen_random_uuid(), 'user', 'log-in')",
    ],
)  # fmt: skip
async def test_the_dispatcher_may_not(site: Site, statement: str) -> None:  # noqa: F811
    connection = await asyncpg.connect(site.servers.postgres.url("pennyprotect_dispatcher"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT boxes FROM evidence", "DELETE FROM evidence", "UPDATE evidence SET held = false",
        "UPDATE evidence SET sha256 = NULL", "DELETE FROM evidence_custody", "UPDATE evidence_custody SET act = 'x'",
        "DELETE FROM deletion_receipts", "UPDATE deletion_receipts SET reason = 'x'", "SELECT purpose FROM evidence_exports",
        "UPDATE evidence_exports SET s3_key = 'x'", "UPDATE retention_rules SET days = 1", "SELECT summary FROM complaints",
        "SELECT contact FROM data_requests", "SELECT * FROM alerts", "SELECT title FROM incidents",
        "DELETE FROM incident_alerts", "SELECT * FROM signing_keys", "SELECT * FROM users", "SELECT * FROM enrolments",
        "SELECT * FROM audit_unsealed",
        "INSERT INTO audit_unsealed (id, actor_kind, act) VALUES (gen_random_uuid(), 'user', 'evidence-deleted')",
    ],
)  # fmt: skip
async def test_rule_18_retention_may_not(site: Site, statement: str) -> None:  # noqa: F811
    connection = await asyncpg.connect(site.servers.postgres.url("pennyprotect_retention"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM audit_unsealed", "SELECT * FROM outbox", "DELETE FROM alerts", "SELECT * FROM pipelines",
        "DELETE FROM evidence", "UPDATE evidence SET deleted_at = now()", "SELECT retention_chains()", "TABLE retention_lease",
        "INSERT INTO deletion_receipts (id) VALUES (gen_random_uuid())",
    ],
)  # fmt: skip
async def test_the_application_may_not(app: "asyncpg.Pool[asyncpg.Record]", statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)


async def test_roles_own_nothing_and_bypass_nothing(site: Site) -> None:  # noqa: F811
    roles = await site.pool.fetch(
        "SELECT * FROM pg_roles WHERE rolname LIKE 'pennyprotect_%' AND rolname <> 'pennyprotect_owner'"
    )
    assert len(roles) == 5
    for role in roles:
        for may in ("rolsuper", "rolbypassrls", "rolcreatedb", "rolcreaterole", "rolreplication"):
            assert role[may] is False
    owned = await site.pool.fetchval(
        "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) IN ('pennyprotect_app', 'pennyprotect_pipeline',"
        "'pennyprotect_dispatcher', 'pennyprotect_sealer', 'pennyprotect_retention')"
    )
    assert owned == 0


async def test_policies_and_functions_are_the_reviewed_ones(site: Site) -> None:  # noqa: F811
    policies: dict[str, set[str]] = {}
    for row in await site.pool.fetch("SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'public'"):
        policies.setdefault(row["policyname"], set()).add(row["tablename"])
    assert policies == POLICIES
    bare = await site.pool.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relrowsecurity AND NOT relispartition"
    )
    assert {row["relname"] for row in bare} == UNPROTECTED
    functions = await site.pool.fetch(
        "SELECT p.proname, p.proconfig, has_function_privilege('public', p.oid, 'execute') AS everyone FROM pg_proc p"
        " JOIN pg_language l ON l.oid = p.prolang"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND l.lanname <> 'c'"
    )
    assert {row["proname"] for row in functions} == DEFINERS
    for row in functions:
        (path,) = [setting for setting in row["proconfig"] if setting.startswith("search_path=")]
        assert path.endswith(", pg_temp"), f"{row['proname']} would look up what is temporary, and anybody's, first"
        assert row["everyone"] is False


async def test_every_grant_of_every_role_is_a_reviewed_one(site: Site) -> None:  # noqa: F811
    """`grants.txt` is changed by a person who has read the difference; `python -m tests.integration.grants` writes it."""
    assert grants.text(await site.pool.fetch(grants.QUERY)) == grants.REVIEWED.read_text("utf-8")
    assert await site.pool.fetch(grants.PARTITIONS) == []
    reviewed = dict(line.split(": ", 1) for line in grants.REVIEWED.read_text("utf-8").splitlines())
    assert not any(key.startswith("PUBLIC ") for key in reviewed)
    assert reviewed["app audit_unsealed"] == "INSERT"
    assert not any(may in rights for rights in reviewed.values() for may in ("TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"))
    assert all(
        not {"UPDATE", "DELETE"} & set(rights.split(", ")) for key, rights in reviewed.items() if key.endswith(" audit_log")
    )


async def test_a_scope_costs_no_round_trip_of_its_own_and_nothing_of_a_session_survives(site: Site) -> None:  # noqa: F811
    """BEGIN takes the scope along, COMMIT and ROLLBACK the reset; what a session was told by hand is gone for the next user."""
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_app"), role="test", largest=1)
    said: list[str] = []
    scope = TenantScope(site.chain)
    async with pool.acquire() as connection:
        connection.add_query_logger(lambda record: said.append(record.query))

    for fails in (False, True, False):
        said.clear()
        with contextlib.suppress(ZeroDivisionError):
            async with tenant_transaction(pool, scope) as connection:
                async with connection.transaction():  # a savepoint within
                    assert await connection.fetchval("SELECT count(*) FROM cameras") == 1
                await connection.execute("SELECT set_config('pennyprotect.chain_id', $1, false)", str(site.chain))
                await connection.execute("SELECT pg_advisory_lock(7)")
                if fails:
                    raise ZeroDivisionError
        words = [re.split(r"[;\s]", each)[0] for each in said]
        ends = "ROLLBACK" if fails else "COMMIT"
        assert words == ["BEGIN", "SAVEPOINT", "SELECT", "RELEASE", "SELECT", "SELECT", ends], said
        assert "RESET ALL" in said[-1]
        assert await pool.fetchval("SELECT count(*) FROM cameras") == 0, "a scope outlived its transaction"
        assert await pool.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()") == 0
    async with pool.acquire() as connection:  # used by hand: reset when it is given back
        await connection.execute(f"SET pennyprotect.chain_id = '{site.chain}'")
    assert await pool.fetchval("SELECT count(*) FROM cameras") == 0
    await pool.close()


async def test_a_session_that_dies_at_its_commit_tells_its_own_error_and_is_replaced(site: Site) -> None:  # noqa: F811
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_app"), role="test", largest=1)

    async def end() -> None:
        async with tenant_transaction(pool, TenantScope(site.chain)) as connection:
            session: Any = connection
            assert session.carry("SELECT pg_terminate_backend(pg_backend_pid());")

    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError), match="administrator command"):
        await end()
    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()


async def test_cancelled_in_any_step_a_transaction_leaves_nothing_in_its_session(site: Site) -> None:  # noqa: F811
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_app"), role="test", largest=1)

    async def look() -> None:
        async with tenant_transaction(pool, TenantScope(site.chain)) as connection:
            await connection.fetchval("SELECT count(*), pg_sleep(0.002) FROM cameras")

    for number in range(60):
        task = asyncio.create_task(look())
        await asyncio.sleep(number / 10_000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await pool.fetchval("SELECT count(*) FROM cameras") == 0
        assert not await pool.fetchval("SELECT current_setting('pennyprotect.chain_id', true)")
    await pool.close()
