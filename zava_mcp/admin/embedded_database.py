"""The embedded database with the shop in it. What builds it is imported only when it must be built."""

from zava_mcp import sql
from zava_mcp.admin.sample import Progress, Sample
from zava_mcp.embedded import Address, Content, EmbeddedPostgres, Login
from zava_mcp.settings import Settings


def embedded_postgres(settings: Settings, progress: Progress, sample: Sample | None = None) -> EmbeddedPostgres:
    """The embedded database of the settings' data folder, filled with a sample when it is first opened."""
    wanted = sample or Sample()

    def build(address: Address, admin: Login) -> list[Login]:
        from zava_mcp.admin.migrations import build_embedded

        return build_embedded(address, admin, wanted, progress)

    def upgrade(address: Address, admin: Login, logins: list[Login]) -> None:
        from zava_mcp.admin.migrations import upgrade_embedded

        upgrade_embedded(address, admin, logins, progress)

    return EmbeddedPostgres(settings.data_dir, Content(sql.schema_version(), build, upgrade))
