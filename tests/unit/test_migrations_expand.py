"""Every migration only expands: the release before it goes on working on the new schema, so pods are exchanged one by one.

Statements on tables that the same file makes are free. The rest may add; what takes away or narrows needs a reason here.
"""

import re

import pytest

from app.migrate import Migration, read_migrations

_NEW = "what it binds is a column of the same statement, which the release before it leaves null or at its default"
_RETIRED = "the release before it logs that its retention waits; the role of its own does that work from now on"
_KEYED = "the column is computed; values that the release before it seals give null"
REASONED: dict[tuple[int, str], str] = {
    (
        2,
        "ALTER TABLE site_policies ADD COLUMN jurisdiction",
    ): "biometrics without papers are refused, its purpose",
    (6, "ALTER TABLE stores ADD COLUMN region_id"): _NEW,
    (6, "ALTER TABLE memberships ADD COLUMN region_id"): _NEW,
    (6, "ALTER TABLE api_keys ADD COLUMN stores"): _NEW,
    (7, "ALTER TABLE cameras ADD CONSTRAINT cameras_credentials_key"): _KEYED,
    (7, "ALTER TABLE totp_secrets ADD CONSTRAINT totp_secrets_secret_key"): _KEYED,
    (10, "ALTER TABLE zones ADD CONSTRAINT zones_kind_check"): "it widens: every kind of the release before it stands in it",
    (11, "ALTER TABLE alerts ADD COLUMN revision"): _NEW,
    (26, "REVOKE INSERT ON deletion_receipts"): _RETIRED,
    (26, "REVOKE SELECT, UPDATE ON retention_lease"): _RETIRED,
    (26, "REVOKE UPDATE (deleted_at) ON evidence"): _RETIRED,
    (28, "ALTER TABLE notification_channels ADD CONSTRAINT notification_channels_previous_secret_key"): _KEYED,
    (33, "ALTER TABLE data_request_subjects ADD CONSTRAINT data_request_subjects_chain_id_enrolment_id_fkey"): (
        "the release before it adds no entry that it has not read in the scope of the request's chain"
    ),
    (44, "ALTER TABLE model_versions ADD CONSTRAINT model_versions_state_check"): "it widens by 'refused'",
    (45, "ALTER TABLE model_disagreements ADD FOREIGN KEY (chain_id, picture_key)"): _KEYED,
    (47, "ALTER TABLE notifications ADD CONSTRAINT notifications_occasion_check"): "it widens: leads can be told",
}
"""(migration, statement's beginning) -> why the release before it does not notice."""

_MADE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(?:public\.)?\"?(\w+)", re.IGNORECASE)
_TABLE = re.compile(r"(?:ALTER TABLE|TRUNCATE|DROP TABLE) (?:IF EXISTS )?(?:ONLY )?(?:public\.)?(\w+)", re.IGNORECASE)
_BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
_NARROWS = (
    (r"^DROP (TABLE|COLUMN|VIEW|TYPE|SCHEMA|EXTENSION)\b", "drops"),
    (r"^ALTER TABLE\b.*\bDROP (COLUMN|TABLE)\b", "drops a column"),
    (r"^ALTER TABLE\b.*\bRENAME\b", "renames"),
    (r"^ALTER (FUNCTION|TYPE|VIEW|SEQUENCE)\b.*\bRENAME\b", "renames"),
    (r"^ALTER TABLE\b.*\bALTER (COLUMN )?\w+ (SET DATA )?TYPE\b", "changes a type"),
    (r"^ALTER TABLE\b.*\bSET NOT NULL\b", "forbids null"),
    (r"^ALTER TABLE\b.*\bADD\b.*\bNOT NULL\b", "adds a column that old writers do not fill"),
    (r"^ALTER TABLE\b.*\bADD (CONSTRAINT \w+ )?(CHECK|UNIQUE|FOREIGN KEY|EXCLUDE)\b", "adds a constraint"),
    (r"^REVOKE\b.*\bON (TABLE )?\w+ FROM pennyprotect_", "takes a right away"),
    (r"^TRUNCATE\b", "empties"),
)


def statements(sql: str) -> list[str]:
    """Statements without comments and function bodies, on one line each."""
    bare = re.sub(r"--[^\n]*", "", _BODY.sub("''", sql))
    return [" ".join(each.split()) for each in bare.split(";") if each.strip()]


def narrowing(migration: Migration) -> list[str]:
    """What of it an older release would notice, as sentences."""
    own = {name.lower() for name in _MADE.findall(migration.sql)}
    found = []
    for statement in statements(migration.sql):
        table = _TABLE.match(statement)
        if table and table[1].lower() in own:
            continue
        for pattern, says in _NARROWS:
            if re.search(pattern, statement, re.IGNORECASE) and not _default_before(says, statement):
                found.append(f"{migration.name} {says}: {statement[:160]}")
                break
    return found


def _default_before(says: str, statement: str) -> bool:
    """`ADD c type DEFAULT x NOT NULL`: every added column that must not be null has a default."""
    if says != "adds a column that old writers do not fill":
        return False
    columns = re.split(r",\s*(?=ADD\b)", statement)
    return all("DEFAULT" in each.upper() or "NOT NULL" not in each.upper() for each in columns)


@pytest.mark.parametrize("migration", read_migrations(), ids=lambda each: each.name)
def test_a_migration_only_expands(migration: Migration) -> None:
    unexplained = [
        each for each in narrowing(migration)
        if not any(number == migration.number and start in each for number, start in REASONED)
    ]  # fmt: skip
    assert unexplained == [], "split it: expand now, contract once no release needs the old form"


def test_every_reason_is_still_needed() -> None:
    known = {migration.number: migration for migration in read_migrations()}
    for number, start in REASONED:
        assert any(start in each for each in narrowing(known[number])), (number, start)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE cameras;",
        "ALTER TABLE cameras DROP COLUMN url;",
        "ALTER TABLE cameras RENAME COLUMN url TO address;",
        "ALTER TABLE cameras RENAME TO eyes;",
        "ALTER TABLE cameras ALTER COLUMN url TYPE bytea;",
        "ALTER TABLE cameras ALTER url SET NOT NULL;",
        "ALTER TABLE cameras ADD COLUMN maker text NOT NULL;",
        "ALTER TABLE cameras ADD maker text NOT NULL, ADD COLUMN b int NOT NULL DEFAULT 1;",
        "-- fine\nALTER TABLE cameras\n    ADD COLUMN a int DEFAULT 1 NOT NULL,\n    ADD COLUMN maker text NOT NULL;",
        "ALTER TABLE cameras ADD CONSTRAINT named CHECK (name <> '');",
        "REVOKE SELECT ON cameras FROM pennyprotect_app;",
        "CREATE TABLE eyes (id int); TRUNCATE cameras;",
    ],
)
def test_what_narrows_is_found(sql: str) -> None:
    assert narrowing(Migration(99, "0099_x", sql)) != []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE cameras ADD COLUMN maker text;",
        "ALTER TABLE cameras ADD COLUMN maker text NOT NULL DEFAULT '';",
        "ALTER TABLE cameras ADD COLUMN maker text DEFAULT '' NOT NULL;",
        "CREATE TABLE eyes (id int NOT NULL); ALTER TABLE eyes ALTER COLUMN id SET NOT NULL;",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM x; DROP TABLE y; $$;",
        "-- DROP TABLE cameras;\nSELECT 1;",
    ],
)
def test_what_expands_is_not(sql: str) -> None:
    assert narrowing(Migration(99, "0099_x", sql)) == []
