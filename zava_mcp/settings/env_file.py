"""Reads the file of settings that `--env-file` or ZAVA_ENV_FILE names."""

import codecs
from io import StringIO
from typing import TYPE_CHECKING

from zava_mcp.settings.paths import parse_path
from zava_mcp.settings.secret import is_secret
from zava_mcp.trusted_files import read_trusted_bytes

if TYPE_CHECKING:
    from dotenv.parser import Original

_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_env_file(path: str | None, faults: list[str]) -> dict[str, str]:
    """Return a file's variables, {} without a path; adds a fault if the file cannot be read.

    The file may be in UTF-8, or in UTF-16 with a byte order mark, as PowerShell's `>` writes it.
    """
    file = parse_path({"the env file": path} if path else {}, "the env file", faults)
    if file is None:
        return {}
    try:
        text = _decoded(read_trusted_bytes(file))
    except FileNotFoundError:
        faults.append(f"the env file {path} does not exist")
    except UnicodeError:
        faults.append(f"the env file {path} cannot be read: it is not UTF-8; save it as UTF-8")
    except OSError as error:
        faults.append(f"the env file {path} cannot be read: {error.strerror}")
    else:
        return _variables(text, path or "", faults)
    return {}


def _decoded(content: bytes) -> str:
    """Return the text. Raises UnicodeError for other encodings, including UTF-16 without a byte order mark."""
    encoding = next((encoding for mark, encoding in _BYTE_ORDER_MARKS.items() if content.startswith(mark)), "utf-8")
    text = content.decode(encoding)
    if "\0" in text:
        raise UnicodeError
    return text


def _line_number(original: "Original") -> int:
    """Return the number of a line; the parser's own number is that of the first empty line before it."""
    text = original.string
    return original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _variables(text: str, path: str, faults: list[str]) -> dict[str, str]:
    """Return the variables of a text; python-dotenv expands `${NAME}`, except in passwords, keys and database URLs."""
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    lines = list(parse_stream(StringIO(text)))
    invalid = [str(_line_number(line.original)) for line in lines if line.error or (line.key and line.value is None)]
    if invalid:
        where = f"line{'s' if len(invalid) > 1 else ''} {', '.join(invalid[:5])}"
        faults.append(f"the env file {path} cannot be read: {where} must be NAME=value, or begin with #")
        return {}
    literal = {line.key: line.value for line in lines if line.key and line.value}
    expanded = dotenv_values(stream=StringIO(text))
    unexpanded = [name for name in literal if is_secret(name) or name.endswith("DATABASE_URL")]
    return {name: text for name, text in expanded.items() if text} | {name: literal[name] for name in unexpanded}
