"""`zava-mcp embed`: computes the embeddings of new and changed products."""

import sys
from typing import Annotated

import typer

from zava_mcp.cli.app import app, settings_of
from zava_mcp.cli.options import AdminUrl, DataDir, EnvFile


@app.command()
def embed(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Make every vector anew.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many products need a vector.")] = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make the vectors of products that are new or changed, or whose vectors another model made; as admin.

    A search meanwhile finds what it found before; one that was stopped goes on where it was.

    Example: zava-mcp embed --dry-run
    """
    settings = settings_of(ctx, ZAVA_ENV_FILE=env_file, ZAVA_ADMIN_DATABASE_URL=admin_url, ZAVA_DATA_DIR=data_dir)
    from zava_mcp.admin.embed_products import embed as make_vectors
    from zava_mcp.cli.display.output import progress_bar

    with progress_bar(speed=True) as tell:
        done = make_vectors(settings, everything, dry_run, tell)
    if dry_run:
        print(f"{done.computed:,} of {done.products:,} products need a vector of {done.model}")
    else:
        print(f"{done.published:,} new vectors of {done.model}; {done.products:,} products have one")
    sys.stdout.flush()
