"""Every exercise of the guide accepts its right solutions and rejects its wrong ones, with the expected reason."""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import settings_for
from zava_mcp.cli.commands import app
from zava_mcp.errors import InputError
from zava_mcp.exercises.exercise import Exercise
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.registry import exercises_of
from zava_mcp.guide import pages

SOLUTIONS = Path(__file__).parent / "solutions"
EXERCISES = [exercise for page in pages().values() for exercise in exercises_of(page.number)]


@pytest.fixture(scope="module")
def lab(data_dir: Path) -> Iterator[Lab]:
    with Lab(settings_for(data_dir), lambda *_: None) as made:
        yield made


@pytest.mark.parametrize("exercise", EXERCISES, ids=[exercise.id for exercise in EXERCISES])
def test_exercise_accepts_right_and_rejects_wrong_solutions(exercise: Exercise, lab: Lab, tmp_path: Path) -> None:
    folder = SOLUTIONS / exercise.id
    reasons: dict[str, str] = tomllib.loads((folder / "reasons.toml").read_text(encoding="utf-8"))
    files = {file.name: file for file in sorted(folder.iterdir()) if file.name != "reasons.toml"}
    right = {name for name in files if name.startswith("right")}
    assert right
    assert set(reasons) == set(files) - right
    assert len(reasons) >= 3
    for name, file in files.items():
        shutil.copy(file, tmp_path / exercise.file_name)
        verdict = exercise.verdict(tmp_path, lab)
        assert verdict.is_right == (name in right), f"{name}: {verdict.text}"
        assert reasons.get(name, "right") in verdict.text, f"{name}: {verdict.text}"


def test_missing_answers_are_named_and_right_ones_end_with_success(data_dir: Path, tmp_path: Path) -> None:
    command = ["guide", "check", "00", "--folder", str(tmp_path), "--data-dir", str(data_dir)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    exercises = exercises_of("00")
    for exercise in exercises:
        assert f"{exercise.id}: missing: write {tmp_path / exercise.file_name}" in result.stdout
        shutil.copy(SOLUTIONS / exercise.id / f"right{exercise.suffix}", tmp_path / exercise.file_name)
    result = CliRunner().invoke(app, command)
    assert (result.exit_code, result.stdout) == (0, "".join(f"{exercise.id}: right\n" for exercise in exercises))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check"], "no page ''"),
        (["check", "99"], "no page '99'"),
        (["check", "settings"], "no exercises"),
        (["check", "00", "--folder", "/no/such/folder"], "no folder"),
        (["settings", "values"], "one page"),
        (["settings", "--folder", "."], "--folder requires `check`"),
    ],
)
def test_guide_check_refuses_what_it_cannot_check(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CliRunner().invoke(app, ["guide", *arguments], catch_exceptions=False)


def test_answers_that_cannot_be_read_are_wrong(lab: Lab, tmp_path: Path) -> None:
    exercise = exercises_of("00")[0]
    file = tmp_path / exercise.file_name
    for content, message in ((b"", "is empty"), (b"\xff\xfe\xff", "not UTF-8"), (b"-" * 1_000_001, "more than")):
        file.write_bytes(content)
        assert message in exercise.verdict(tmp_path, lab).text
