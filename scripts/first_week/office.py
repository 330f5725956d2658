"""The operator's shell: a folder, an administrator's URL, PostgreSQL's programs, and commands of infra/README.md."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from scripts.debian import libraries_of, postgres_15
from scripts.first_week.transcript import Transcript
from scripts.servers import Postgres
from zava_mcp.embedded.host import programs

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "infra" / "README.md"
_SHOWN_PLACE = "db.shop.example:5432"
_SECONDS = 120


class NotAsItShouldBe(Exception):
    """A check of the week failed."""


Trim = Callable[[str], str]


def without_progress(said: str) -> str:
    """The output without the lines of a progress bar."""
    return "\n".join(line for line in said.splitlines() if not line.endswith(" …"))


def counted(said: str) -> str:
    """The lines without repetitions, each with its number."""
    times = Counter(said.splitlines())
    return "\n".join(line if often == 1 else f"{line} ({often} times)" for line, often in times.items())


def broken_into(said: str) -> str:
    """The attacks in the output of doctor, and its last line."""
    return "…\n" + "\n".join(
        re.findall(r"^(?:attack: .+|\d+ passed, \d+ warnings?, \d+ failed)$", said, flags=re.MULTILINE)
    )


def must(be: bool, what: str) -> None:
    """Raises NotAsItShouldBe unless the condition holds."""
    if not be:
        raise NotAsItShouldBe(what)


class Office:
    """The operator's folder and environment. `run` runs a command and records its output."""

    def __init__(self, folder: Path, postgres: Postgres, admin_url: str, transcript: Transcript) -> None:
        self.folder, self.transcript = folder, transcript
        self._programs = postgres_15() if postgres.version == 15 else programs()
        self._certificate = (
            Path(postgres.query.rpartition("sslrootcert=")[2]) if "sslrootcert" in postgres.query else None
        )
        self.sslmode = "verify-full" if self._certificate else "disable"
        admin, password = admin_url.split("//", 1)[1].split("@", 1)[0].split(":")
        self.place = f"127.0.0.1:{postgres.port}"
        self.home("office", f"{self.place}:*:{admin}:{password}")
        transcript.show_instead(self.place, _SHOWN_PLACE)
        transcript.show_instead(str(folder), "~")
        self.admin_url = f"postgresql://{admin}@{self.place}/zava?sslmode={self.sslmode}"
        self.server_url = f"postgresql://{admin}@{self.place}/postgres?sslmode={self.sslmode}"

    def home(self, name: str, passfile_line: str) -> Path:
        """A home folder, created on first use: it trusts the server's certificate, and its passfile has that line."""
        home = self.folder / name
        (home / ".postgresql").mkdir(parents=True, exist_ok=True)
        if self._certificate:
            shutil.copy(self._certificate, home / ".postgresql" / "root.crt")
        passfile = home / ".pgpass"
        passfile.touch(mode=0o600)
        passfile.write_text(passfile_line + "\n")
        return home

    def environment(self, name: str) -> dict[str, str]:
        """The environment of programs in a home folder: paths of zava-mcp and PostgreSQL, nothing of this user."""
        path = (Path(sys.executable).parent, self._programs, os.environ["PATH"])
        return {
            "PATH": os.pathsep.join(map(str, path)),
            "HOME": str(self.folder / name),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "118",
            **({"LD_LIBRARY_PATH": libraries} if (libraries := libraries_of(self._programs / "psql")) else {}),
        }

    def run(self, command: str, *, exit_code: int = 0, who: str = "office", trim: Trim = without_progress) -> str:
        """The command's output on both streams. Raises NotAsItShouldBe for another exit code.

        `trim` shortens it for the transcript.
        """
        admin = {"ZAVA_ADMIN_DATABASE_URL": self.admin_url, "SERVER": self.server_url} if who == "office" else {}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env={**self.environment(who), **admin},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
        )
        must(done.returncode == exit_code, f"{command}\nended with {done.returncode}:\n{done.stdout}")
        self.passwords()  # Keeps them out of the transcript.
        self.transcript.command(command, trim(done.stdout), exit_code)
        return done.stdout

    def chapter(self, mark: str) -> str:
        """Runs the commands that infra/README.md has after a mark."""
        block = README.read_text(encoding="utf-8").split(f"<!-- {mark} -->\n```bash\n", 1)[1].split("```", 1)[0]
        return self.run(block, trim=counted)

    def passwords(self) -> dict[str, str]:
        """The lines of the passwords file by login; their passwords are kept out of the transcript."""
        file = self.folder / "passwords"
        lines = {line.split(":")[3]: line for line in file.read_text().splitlines()} if file.exists() else {}
        self.transcript.secrets |= {line.rpartition(":")[2] for line in lines.values()}
        return lines
