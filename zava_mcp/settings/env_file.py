"""The file of settings that `--env-file` or ZAVA_ENV_FILE names."""

import codecs
from io import StringIO
from typing import TYPE_CHECKING

from zava_mcp.settings.paths import path_of
from zava_mcp.settings.secret import is_secret
from zava_mcp.trusted_files import read_trusted_bytes

if TYPE_CHECKING:
    from dotenv.parser import Original

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_env_file(path: str | None, faults: list[str]) -> dict[str, str]:
    """The variables of a file, {} without one; adds to `faults` what cannot be read.

    It may be UTF-8, or UTF-16 with a byte order mark, which PowerShell's `>` writes.
    """
    file = path_of({"the env file": path} if path else {}, "the env file", faults)
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
    """Raises UnicodeError for another encoding, also for UTF-16 without a mark."""
    encoding = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), "utf-8")
    text = content.decode(encoding)
    if "\0" in text:
        raise UnicodeError
    return text


def _number(written: "Original") -> int:
    """The line's number; the parser counts from the empty lines before it."""
    text = written.string
    return written.line + text[: len(text) - len(text.lstrip())].count("\n")


def _variables(text: str, path: str, faults: list[str]) -> dict[str, str]:
    """`${NAME}` stands for a variable, as python-dotenv has it, but not in passwords, keys and URLs with them."""
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    lines = list(parse_stream(StringIO(text)))
    wrong = [str(_number(line.original)) for line in lines if line.error or (line.key and line.value is None)]
    if wrong:
        where = f"line{'s' if len(wrong) > 1 else ''} {', '.join(wrong[:5])}"
        faults.append(f"the env file {path} cannot be read: {where} must be NAME=value, or begin with #")
        return {}
    written = {line.key: line.value for line in lines if line.key and line.value}
    expanded = dotenv_values(stream=StringIO(text))
    as_written = [name for name in written if is_secret(name) or name.endswith("DATABASE_URL")]
    return {name: text for name, text in expanded.items() if text} | {name: written[name] for name in as_written}
