"""Registers every command with the application, in the order that `--help` lists them."""

from zava_mcp.cli.app import app as app

# isort: off
from zava_mcp.cli import (  # noqa: F401  # importing a module registers its commands, in this order
    serve_command,
    query_command,
    run_command,
    init_command,
    doctor_command,
    demo_command,
    client_config_command,
    tables_command,
    explain_command,
    help_command,
    guide_command,
    identities_command,
    saved_command,
    company_command,
    search_command,
    embed_command,
    load_command,
)
# isort: on
