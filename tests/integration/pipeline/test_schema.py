"""db/schema.sql is the dump of what the migrations make. `python -m tests.integration.pipeline.schema_dump` writes it anew."""

from tests.integration.pipeline.conftest import CHECKOUT, Site
from tests.integration.pipeline.schema_dump import dump


def test_the_schema_dump_is_what_the_migrations_make(site: Site) -> None:
    stored = (CHECKOUT / "db" / "schema.sql").read_text()
    assert dump(site.servers.postgres) == stored, "run `python -m tests.integration.pipeline.schema_dump` and review the diff"
