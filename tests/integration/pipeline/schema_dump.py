"""Dumps the schema that the migrations make, without what differs between servers and days."""

import re
import subprocess
from pathlib import Path

from benchmarks.own_servers import OwnPostgres, own_servers

# A partition of a day, versions, the random key of newer pg_dumps, and psql's own switches.
_DROPPED = re.compile(r"^(--.*|\\(un)?restrict .*|SET .*;|SELECT pg_catalog\.set_config.*)$")
_DAILY = re.compile(r"ai_detections_\d{8}")


def dump(server: OwnPostgres, database: str = "pennyprotect") -> str:
    """The text of db/schema.sql."""
    done = subprocess.run(
        [server.bin / "pg_dump", "--schema-only", "--no-comments", "-d", server.url("admin", database)],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    kept = "\n".join(line for line in done.stdout.splitlines() if not _DROPPED.match(line))
    statements = re.split(r"\n{2,}", kept)
    return "\n\n".join(each.strip() for each in statements if each.strip() and not _DAILY.search(each)) + "\n"


if __name__ == "__main__":
    with own_servers() as servers:
        (Path(__file__).resolve().parents[3] / "db" / "schema.sql").write_text(dump(servers.postgres))
