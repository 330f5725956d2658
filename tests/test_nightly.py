"""scripts/nightly runs what is there, tells what failed, and goes on."""

import os
from pathlib import Path

import pytest

from scripts import nightly
from scripts.nightly import CHECKS, Check


def test_it_names_scripts_that_are_there_each_once() -> None:
    names = [check.script for check in CHECKS]
    assert len(set(names)) == len(names)
    for name in names:
        assert os.access(nightly.ROOT / "scripts" / name, os.X_OK), name


def test_a_check_that_fails_is_told_and_the_next_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scripts").mkdir()
    checks = (Check("one"), Check("two", ("{folder}",), {"SAID": "twice"}), Check("three"))
    for check, command in zip(checks, ("exit 3", 'test -d "$1" && echo "$SAID"', "exit 4"), strict=True):
        script = tmp_path / "scripts" / check.script
        script.write_text(f"#!/bin/sh\n{command}\n")
        script.chmod(0o755)
    monkeypatch.setattr(nightly, "ROOT", tmp_path)
    monkeypatch.setattr(nightly, "CHECKS", checks)
    monkeypatch.setattr("sys.argv", ["nightly", "--only", "one", "--only", "two"])
    assert nightly.main() == 1
    said = capfd.readouterr().out
    assert "twice" in said
    assert [line.split()[:2] for line in said.splitlines()[-2:]] == [["one", "3"], ["two", "0"]]
    monkeypatch.setattr("sys.argv", ["nightly", "--only", "two"])
    assert nightly.main() == 0
