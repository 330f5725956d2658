"""Runs the long checks one after the other, each to its end whatever the others did, and says what failed.

Some renew what they measure: mutations their table in tests/promises/README.md, bundle what is in dist/. They need
what they need by day: npm and the network for clients and bundle, Chromium for screenshots.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Check:
    """A script of this folder; "{folder}" among its arguments is one that is gone afterwards."""

    script: str
    arguments: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


CHECKS = (
    Check("test", settings={"ZAVA_TEST_EXAMPLES": "10000"}),
    Check("rehearsal"),
    Check("infra-check"),
    Check("clients"),
    Check("mutations"),
    Check("soak"),
    Check("screenshots", ("{folder}",)),
    Check("bundle"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [check.script for check in CHECKS]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    wanted = parser.parse_args().only or names
    ended = [(check.script, *carried_out(check)) for check in CHECKS if check.script in wanted]
    print(f"\n{'check':<12}  {'exit code':>9}  {'minutes':>7}")
    for script, exit_code, minutes in ended:
        print(f"{script:<12}  {exit_code:>9}  {minutes:>7.1f}{'  FAILED' if exit_code else ''}")
    return 1 if any(exit_code for _, exit_code, _ in ended) else 0


def carried_out(check: Check) -> tuple[int, float]:
    """The script's exit code and how many minutes it took; what it says goes where ours goes."""
    print(f"\n=== scripts/{check.script}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="zava-nightly-") as folder:
        arguments = [argument.replace("{folder}", folder) for argument in check.arguments]
        command = [str(ROOT / "scripts" / check.script), *arguments]
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **check.settings}) as process:
            exit_code = _awaited(process)
    return exit_code, (time.monotonic() - begun) / 60


def _awaited(process: subprocess.Popen[bytes]) -> int:
    """Its exit code. Ctrl-C, which the script hears too, leaves it the time to clean up."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


if __name__ == "__main__":
    sys.exit(main())
