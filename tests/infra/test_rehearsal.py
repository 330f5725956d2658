"""The week in infra/README.md is of the commands that are there; `scripts/rehearsal --write` plays it anew."""

import re

import pytest

from scripts.first_week.transcript import Disclosed, Transcript
from tests.infra.operator import ROOT
from zava_mcp.sql import schema_version

README = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
WEEK = README.split("<!-- rehearsal -->\n", 1)[1].split("<!-- /rehearsal -->", 1)[0]


@pytest.mark.parametrize("chapter", ["backup", "restore"])
def test_the_week_ran_the_very_commands_of_the_chapter(chapter: str) -> None:
    block = README.split(f"<!-- {chapter} -->\n```bash\n", 1)[1].split("```", 1)[0]
    first, *rest = block.splitlines()
    assert "\n".join([f"$ {first}", *(f"> {line}" for line in rest)]) in WEEK


def test_the_week_has_the_same_of_every_row_before_and_after() -> None:
    assert re.search(r"^\$ .* diff before after .*\nthe same$", WEEK, flags=re.MULTILINE)
    assert re.search(r"^\d+ passed, \d+ warnings?, 0 failed$", WEEK, flags=re.MULTILINE)


def test_transcript_has_the_current_schema_version() -> None:
    assert re.findall(r"^schema version (\d+)", WEEK, flags=re.MULTILINE) == [str(schema_version())]


def test_the_week_tells_no_machine_and_no_password() -> None:
    assert not re.search(r"/tmp|/home|:[^/@\s]+@|127\.0\.0\.1:(?!9464)\d", WEEK)


def test_a_password_never_gets_into_a_transcript(capsys: pytest.CaptureFixture[str]) -> None:
    transcript = Transcript()
    transcript.secrets.add("hunter2")
    transcript.show_instead("10.0.0.9", "db.shop.example")
    transcript.command("psql", "connected to 10.0.0.9")
    with pytest.raises(Disclosed):
        transcript.command("cat passwords", "10.0.0.9:5432:zava:sam:hunter2")
    assert transcript.text() == "$ psql\nconnected to db.shop.example\n$ cat passwords\n"
    assert "hunter2" not in capsys.readouterr().out


def test_what_differs_from_week_to_week_reads_the_same() -> None:
    transcript = Transcript()
    transcript.day("Monday", "2026-11-16")
    transcript.add("an error (127.0.0.1, port 50001)")
    assert transcript.lines[-1] == "an error (127.0.0.1, port 5432)"
    transcript.add('{"time": "2031-01-02T03:04:05.678+00:00", "process": 77, "seconds": 1.5}')
    assert transcript.lines[-1] == '{"time": "2026-11-16T09:30:00.000+00:00", "process": 4711, "seconds": 0.012}'
