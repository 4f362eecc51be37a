"""db/schema.sql is the dump of what the migrations make. `python -m tests.integration.pipeline.schema_dump` writes it anew."""

from tests.integration.pipeline.conftest import CHECKOUT, Site
from tests.integration.pipeline.schema_dump import dump


async def test_the_schema_dump_is_what_the_migrations_make(site: Site) -> None:
    stored = (CHECKOUT / "db" / "schema.sql").read_text()
    await site.pool.execute("CREATE DATABASE fresh OWNER pennyprotect_owner")
    await site.servers.postgres.prepare_database("fresh")
    made = dump(site.servers.postgres, "fresh")
    assert made == stored, "run `python -m tests.integration.pipeline.schema_dump` and review the diff"
