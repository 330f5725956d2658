"""`zava-mcp embed`: computes the embeddings of new and changed products."""

import sys
from typing import Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import AdminUrl, DataDir, EnvFile


@app.command()
def embed(
    ctx: typer.Context,
    all_products: Annotated[bool, typer.Option("--all", help="Compute every embedding again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the products that need an embedding.")] = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Compute the embeddings of products that are new, changed, or embedded by another model. Needs an administrator.

    Searches use the old embeddings until all new ones are published. A stopped run continues where it stopped.

    Example: zava-mcp embed --dry-run
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.embed_products import embed as embed_products
    from zava_mcp.cli.display.messages import progress_bar

    with progress_bar(time_left=True) as progress:
        run = embed_products(settings, all_products, dry_run, progress)
    if dry_run:
        print(f"{run.computed:,} of {run.products:,} products need an embedding by {run.model}")
    else:
        print(f"{run.published:,} new embeddings by {run.model}; {run.products:,} products have an embedding")
    sys.stdout.flush()
