"""Registers every command with the application, in the order that `--help` lists them."""

from zava_mcp.cli.app import app as app

# isort: off
from zava_mcp.cli import serve_command  # noqa: F401
from zava_mcp.cli import query_command  # noqa: F401
from zava_mcp.cli import init_command  # noqa: F401
from zava_mcp.cli import doctor_command  # noqa: F401
from zava_mcp.cli import demo_command  # noqa: F401
from zava_mcp.cli import client_config_command  # noqa: F401
from zava_mcp.cli import tables_command  # noqa: F401
from zava_mcp.cli import explain_command  # noqa: F401
from zava_mcp.cli import help_command  # noqa: F401
from zava_mcp.cli import guide_command  # noqa: F401
from zava_mcp.cli import identities_command  # noqa: F401
from zava_mcp.cli import search_command  # noqa: F401
from zava_mcp.cli import embed_command  # noqa: F401
# isort: on
