"""What each role of the product may do with which table: the reviewed list is `grants.txt`.

`python -m tests.integration.grants` writes it anew from what the migrations make; a person reads the difference.
"""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.own_servers import own_servers

REVIEWED = Path(__file__).with_name("grants.txt")
ORDER = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
QUERY = """
SELECT coalesce(r.rolname, 'PUBLIC') AS role, c.relname AS table, NULL AS column, a.privilege_type AS may
  FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT c.relispartition
   AND a.grantee <> c.relowner
UNION ALL
SELECT coalesce(r.rolname, 'PUBLIC'), c.relname, t.attname, a.privilege_type
  FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid CROSS JOIN LATERAL aclexplode(t.attacl) a
  LEFT JOIN pg_roles r ON r.oid = a.grantee
 WHERE c.relnamespace = 'public'::regnamespace AND NOT t.attisdropped AND NOT c.relispartition AND a.grantee <> c.relowner
"""
PARTITIONS = """
SELECT c.relname FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
 WHERE c.relnamespace = 'public'::regnamespace AND c.relispartition AND a.grantee <> c.relowner
"""
"""Partitions are reached by their parent; a grant of their own would get around its policies."""


def text(rows: Iterable[Mapping[str, Any]]) -> str:
    """One line for each role and table: whole rights, then rights on single columns."""
    whole: dict[tuple[str, str], set[str]] = {}
    single: dict[tuple[str, str], dict[str, set[str]]] = {}
    for row in rows:
        key = (row["role"].removeprefix("pennyprotect_"), row["table"])
        if row["column"] is None:
            whole.setdefault(key, set()).add(row["may"])
        else:
            single.setdefault(key, {}).setdefault(row["may"], set()).add(row["column"])
    lines = []
    for key in sorted(whole.keys() | single.keys()):
        parts = [may for may in ORDER if may in whole.get(key, ())]
        parts += [f"{may} ({', '.join(sorted(single[key][may]))})" for may in ORDER if may in single.get(key, ())]
        lines.append(f"{key[0]} {key[1]}: {', '.join(parts)}")
    return "\n".join(lines) + "\n"


async def of_database(url: str) -> str:
    """The text of the database at `url`, as a superuser sees it."""
    connection = await asyncpg.connect(url)
    try:
        return text(await connection.fetch(QUERY))
    finally:
        await connection.close()


if __name__ == "__main__":
    with own_servers() as servers:
        REVIEWED.write_text(asyncio.run(of_database(servers.postgres.url("admin"))), "utf-8")
