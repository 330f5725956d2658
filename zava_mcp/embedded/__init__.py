"""The bundled PostgreSQL: set up on first use, shared by all processes of a user, stopped by the last one."""

from zava_mcp.embedded.cluster import Address
from zava_mcp.embedded.login_file import Login
from zava_mcp.embedded.processes import kill_backend
from zava_mcp.embedded.shared_server import Content, EmbeddedPostgres

__all__ = ["Address", "Content", "EmbeddedPostgres", "Login", "kill_backend"]
