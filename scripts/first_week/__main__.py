"""`scripts/rehearsal`: runs the week, and exits with 1 at the first unexpected output."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import anyio

from scripts.documents import put
from scripts.first_week.office import README, NotAsItShouldBe, Office
from scripts.first_week.transcript import Disclosed, Transcript
from scripts.first_week.week import Week
from scripts.servers import Postgres, debian_over_tls, postgres_18, restricted_admin
from zava_mcp.embedded.processes import free_port

_ABOUT = """\
Recorded by `scripts/rehearsal`, which runs these commands as an administrator who is not a superuser, against Debian's
PostgreSQL 15 over TLS. Values that differ from run to run (user ids, times, ports, folders) are replaced; long output
is shortened. It exits with 1 at the first unexpected output; `--write` renews this text. `scripts/nightly` runs it with
the other long checks, in `.github/workflows/nightly.yml` and `pipelines/nightly.yml`.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the transcript into infra/README.md")
    parser.add_argument(
        "--postgres", choices=["15", "18"], default="15", help="the server: Debian's 15 over TLS, or 18 without TLS"
    )
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Cleanup also runs on SIGTERM.
    begun = time.monotonic()
    try:
        text = played(postgres_18 if wanted.postgres == "18" else debian_over_tls)
    except (NotAsItShouldBe, Disclosed, ExceptionGroup) as error:  # clients wrap in groups what happens beside them
        print(f"\nunexpected output: {'; '.join(leaves(error))}", file=sys.stderr)
        return 1
    print(f"\neverything as expected, in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    if wanted.write and wanted.postgres == "15":
        put("rehearsal", f"{_ABOUT}\n```text\n{text}```\n", README)
    return 0


def leaves(error: Exception) -> list[str]:
    """The messages of the innermost errors of groups."""
    if isinstance(error, ExceptionGroup):
        return [text for inner in error.exceptions for text in leaves(inner)]
    return [f"{type(error).__name__}: {error}"]


def played(running: Callable[[Path], AbstractContextManager[Postgres]]) -> str:
    """The transcript. Raises NotAsItShouldBe, also in groups; the server and the folder are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="zava-week-") as folder:
        server, homes = Path(folder) / "server", Path(folder) / "week"
        server.mkdir()
        homes.mkdir(mode=0o700)
        with running(server) as postgres:
            office = Office(homes, postgres, restricted_admin(postgres), Transcript())
            anyio.run(Week(office, free_port()).play)
            return office.transcript.text()


if __name__ == "__main__":
    sys.exit(main())
