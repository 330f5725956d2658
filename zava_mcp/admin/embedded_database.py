"""The embedded PostgreSQL with Zava's schema and sample.

The modules that build it take long to import and are imported only when it has to be built or upgraded.
"""

from zava_mcp import sql
from zava_mcp.admin.sample import Sample
from zava_mcp.embedded import Address, Content, EmbeddedPostgres, Login
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings


def embedded_postgres(settings: Settings, progress: Progress, sample: Sample | None = None) -> EmbeddedPostgres:
    """The embedded database of the settings' data folder; the first `open` fills it with a sample."""
    new_sample = sample or Sample()

    def build(address: Address, admin: Login) -> list[Login]:
        from zava_mcp.admin.migrations import build_embedded

        return build_embedded(address, admin, new_sample, progress)

    def upgrade(address: Address, admin: Login, logins: list[Login]) -> None:
        from zava_mcp.admin.migrations import upgrade_embedded

        upgrade_embedded(address, admin, logins, progress)

    return EmbeddedPostgres(settings.data_dir, Content(sql.schema_version(), build, upgrade))
