"""Parses blocks that a test does not run, because they need Azure, Docker or a window."""

import ast
import json
import re
import subprocess
import tomllib

import typer.main
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tests.guide.blocks import Block
from zava_mcp.cli.commands import app

_PROMPT = re.compile(r"^\$ ", re.MULTILINE)
_SHELLS = ("console", "bash", "sh")
_START = re.compile(r"(?:^|[|&;(] *|`)(?:[A-Z_]+=\S+ )*(?:uvx )?zava-mcp(?= |$)(?P<words>[^\n|]*)", re.MULTILINE)


def fault(block: Block) -> str:
    """What is wrong with a block that is not run; "" if it parses."""
    if block.language in _SHELLS:
        script = "\n".join(command.text for command in block.commands) if block.language == "console" else block.text
        return shell_fault(_PROMPT.sub("", script))
    try:
        _parse(block.language, block.text)
    except (ValueError, SyntaxError, YAMLError) as error:
        return f"no {block.language}: {error}"
    return ""


def shell_fault(script: str) -> str:
    """What is wrong with a script: its syntax, or a command or an option that zava-mcp does not have."""
    parsed = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
    if parsed.returncode or parsed.stderr:
        return parsed.stderr.strip()
    joined = re.sub(r"\\\n\s*", "", script)
    return next(filter(None, (_command_fault(match["words"]) for match in _START.finditer(joined))), "")


def _command_fault(text: str) -> str:
    """An option or a command of `zava-mcp …` that does not exist. Quoted texts are ignored."""
    words = re.sub(r"\"(?:\\.|[^\"\\])*\"?|'[^']*'?", "TEXT", text).split()
    found = typer.main.get_command(app)
    while words and words[0] in (known := getattr(found, "commands", {})):
        found = known[words.pop(0)]
    takes_names = "[NAME]" in (getattr(found, "subcommand_metavar", None) or "")  # as `zava-mcp tables orders`
    if (
        words
        and getattr(found, "commands", {})
        and not takes_names
        and not words[0].startswith(("-", "TEXT", "$", ">", "<", "2>", "&"))
    ):
        return f"zava-mcp has no command {words[0]}"
    options = {option for param in found.params for option in [*param.opts, *param.secondary_opts]} | {
        "--help",
        "--version",
    }
    unknown = [word for word in words if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in options]
    return f"zava-mcp {' '.join(words)}: there is no option {unknown[0]}" if unknown else ""


def _parse(language: str, text: str) -> None:
    if language == "json":
        json.loads(text)
    elif language == "toml":
        tomllib.loads(text)
    elif language == "yaml":
        list(YAML(typ="safe", pure=True).load_all(text))
    elif language == "python":
        ast.parse(text)
    elif language in ("bicep", "powershell"):
        from tests.infra.grammar import text_faults

        if faults := text_faults(language, text):
            raise ValueError("; ".join(faults))
    elif not text.strip():
        raise ValueError("the block is empty")
