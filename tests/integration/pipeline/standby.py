"""PostgreSQL with a synchronous standby, and addresses that name both: whoever connects gets the one that writes."""

import shutil
import subprocess
from pathlib import Path

import asyncpg

from benchmarks.own_servers import OwnPostgres

REPLICATING = ("wal_level=replica", "max_wal_senders=4", "hot_standby=on")


class OwnPair(OwnPostgres):
    """A primary as `OwnPostgres` makes it; `stand_by` gives it a standby that every commit waits for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "primary", synced=False, settings=REPLICATING)
        self.standby = OwnPostgres(folder / "standby", synced=False, settings=REPLICATING)

    def url(self, role: str, database: str = "pennyprotect") -> str:
        """DATABASE_URL of a role: both servers, of which the primary is asked for."""
        both = f"{self.sockets},{self.standby.sockets}"
        return f"postgresql://{role}@/{database}?host={both}&port=5432,5432&target_session_attrs=primary"

    def stand_by(self) -> None:
        """Copy the primary, and let the copy follow it."""
        self.standby.folder.mkdir(parents=True)
        if self.user:
            shutil.chown(self.standby.folder, self.user)
        self.standby.folder.chmod(0o755)
        subprocess.run(
            [self.bin / "pg_basebackup", "-h", self.sockets, "-U", "admin", "-D", self.standby.data, "-R", "-c", "fast"],
            check=True, user=self.user, cwd="/", timeout=120,
        )  # fmt: skip
        self.standby.start()

    async def wait_for_standby(self) -> None:
        """From now on a commit is told when the standby has it too."""
        admin = await asyncpg.connect(self.url("admin"), timeout=10)
        await admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.close()

    async def in_step(self) -> bool:
        """Whether commits wait for the standby."""
        admin = await asyncpg.connect(self.url("admin"), timeout=10)
        state = await admin.fetchval("SELECT sync_state FROM pg_stat_replication")
        await admin.close()
        return bool(state == "sync")

    async def promote(self) -> None:
        """Let the standby write."""
        admin = await asyncpg.connect(self.standby.url("admin"), timeout=10)
        await admin.execute("SELECT pg_promote()")
        await admin.close()

    def stop(self) -> None:
        """Stop both."""
        self.standby.stop()
        super().stop()
