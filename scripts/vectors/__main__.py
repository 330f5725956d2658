"""Measures search among many synthetic products: what the index finds of the exact nearest, and how fast.

Vectors vary those of the sample's products; the questions are real ones, asked as a store's manager. --folder keeps
the database, so that the next run need not load it again.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import psycopg

from scripts.documents import MEASUREMENTS, put
from scripts.search.shops import open_shop
from scripts.vectors.measure import Built, Line, Measure, build, drop_index
from scripts.vectors.synthetic import BATCH, load
from zava_mcp.embedded.cluster import Cluster
from zava_mcp.embedded.host import change_owner_to_runner
from zava_mcp.open_database import database_for
from zava_mcp.postgres.user_ids import require_identity
from zava_mcp.settings import load as load_settings

SEATTLE = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The bundled PostgreSQL, without the memory limit that the embedded database has: an admin's URL."""
    change_owner_to_runner(folder)
    cluster = Cluster(folder / "data", folder / "server.log")
    if not (folder / "data").exists():
        cluster.create("admin")
    address = cluster.start(during_set_up=True)
    try:
        yield f"postgresql://postgres:admin@/{{database}}?host={address.host}&port={address.port}"
    finally:
        cluster.stop(60)


def measure(folder: Path, sizes: list[int], memory: str) -> Iterator[tuple[Built, list[Line]]]:
    passwords = folder / "passwords"
    with server(folder) as url:
        admin_url = url.format(database="many")
        if not passwords.exists():
            with psycopg.connect(url.format(database="postgres"), autocommit=True) as postgres:
                postgres.execute("CREATE DATABASE many")
            open_shop("own", admin_url, passwords)
        with psycopg.connect(admin_url, autocommit=True) as admin:
            admin.execute("SELECT set_config('maintenance_work_mem', %s, false)", [memory])
            admin.execute("DELETE FROM retail.product_description_embeddings WHERE text_sha256 <> repeat('0', 64)")
            for rows in sizes:
                yield _measured(admin, url.format(database="many"), passwords, rows)


def _measured(admin: psycopg.Connection, url: str, passwords: Path, rows: int) -> tuple[Built, list[Line]]:
    row = admin.execute("SELECT count(*) FROM retail.product_description_embeddings").fetchone()
    have = int(row[0]) if row else 0
    assert have <= rows, f"the folder's database has {have:,} vectors already"
    if have < rows:
        drop_index(admin)
        load(admin, rows, have)
    password = next(line.split(":")[4] for line in passwords.read_text().splitlines() if f":{SEATTLE}:" in line)
    agent_url = url.replace("postgres:admin@", "")
    settings = load_settings(
        {
            "ZAVA_USER_ID": SEATTLE,
            "ZAVA_DATABASE_URL": agent_url,
            "POSTGRES_PASSWORD": password,
            "ZAVA_QUERY_TIMEOUT": "600",  # a cold gigabyte read row by row takes its time
        },
        {},
    )
    database = database_for(settings, require_identity(settings, None), None)
    with psycopg.connect(agent_url, user=SEATTLE, password=password, autocommit=True) as agent:
        measure = Measure(database, settings, agent, rows)
        drop_index(admin)
        exact = measure.exact()
        built = build(admin, rows)
        lines = list(measure.lines(exact))
    database.close()
    return built, lines


def table(measured: list[tuple[Built, list[Line]]]) -> str:
    """The figures as Markdown."""
    text = [
        "| products | filter | of them pass | recall@10 | p50 | p95 | without index |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    for _, lines in measured:
        text += [
            f"| {line.rows:,} | {line.filter} | {line.left:,} | {line.recall:.3f} | {line.median:.1f} ms"
            f" | {line.p95:.1f} ms | {line.exact:,.0f} ms |"
            for line in lines
        ]
    text += ["", "| products | index built in | its size | the vectors' |", "|---:|---:|---:|---:|"]
    text += [
        f"| {built.rows:,} | {built.seconds:,.0f} s | {built.index_bytes / 1e6:,.0f} MB"
        f" | {built.table_bytes / 1e6:,.0f} MB |"
        for built, _ in measured
    ]
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench vectors", description=__doc__)
    parser.add_argument("--rows", type=int, action="append", help="how many products; repeatable, ascending")
    parser.add_argument("--folder", type=Path, help="keep the database there")
    parser.add_argument("--memory", default="2GB", help="maintenance_work_mem while the index is built")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--write", action="store_true", help="write the table into scripts/measure/README.md")
    wanted = parser.parse_args()
    sizes = sorted(size // BATCH * BATCH for size in wanted.rows or [20_000, 50_000])
    with tempfile.TemporaryDirectory(prefix="zava-vectors-") as scratch:
        folder = wanted.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        measured = []
        for built, lines in measure(folder, sizes, wanted.memory):
            measured.append((built, lines))
            print(table([(built, lines)]), file=sys.stderr, flush=True)  # the next size may take an hour
    if wanted.write:
        put("vectors", table(measured), MEASUREMENTS)
    if wanted.json:
        figures = [{"built": asdict(built), "searches": [asdict(line) for line in lines]} for built, lines in measured]
        print(json.dumps({"machine": platform.machine(), "cores": os.cpu_count(), "sizes": figures}, indent=1))
    else:
        print(table(measured))


if __name__ == "__main__":
    main()
