"""The transcript of the week: varying values are replaced, so that every run gives the same text without passwords."""

import re

_UUIDS = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
#: Patterns of varying values with their replacements; {date} is the current day of the week.
_VARYING = (
    (r"\b\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "{date}T09:30:00.000+00:00"),
    (r'("process": ?)\d+', r"\g<1>4711"),
    (r'("call": ?)"\w+"', r'\g<1>"9f86d081884c7d65"'),
    (r'(process_pid=)"\d+"', r'\g<1>"4711"'),
    (r'(zava_identity=)"\w+"', r'\g<1>"5eb1d0c4a7f2"'),
    (r'("\w*seconds": ?)[\d.e-]+', r"\g<1>0.012"),
)


class Disclosed(Exception):
    """A password is in the transcript."""


class Transcript:
    """The lines of the week; each is also printed at once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.secrets: set[str] = set()
        self._stand_ins: dict[str, str] = {}
        self._date = ""

    def show_instead(self, of: str, stand_in: str) -> None:
        """Replaces `of` in all later lines."""
        self._stand_ins[of] = stand_in

    def day(self, name: str, date: str) -> None:
        self._date = date
        self._add("", f"# {name}")

    def add(self, *lines: str) -> None:
        """Adds lines with their varying values replaced. Raises Disclosed."""
        self._add(*(self._stable(line) for line in lines))

    def command(self, command: str, output: str, exit_code: int = 0) -> None:
        """Adds a command, its output and its exit code."""
        first, *rest = command.rstrip("\n").split("\n")
        self.add(f"$ {first}", *(f"> {line}" for line in rest), *output.rstrip("\n").splitlines())
        if exit_code:
            self.add(f"(exit code {exit_code})")

    def text(self) -> str:
        return "\n".join(self.lines).strip("\n") + "\n"

    def _stable(self, line: str) -> str:
        for of, stand_in in self._stand_ins.items():
            line = line.replace(of, stand_in)
        for pattern, stand_in in _VARYING:
            line = re.sub(pattern, stand_in.replace("{date}", self._date), line)
        return line.rstrip()

    def _add(self, *lines: str) -> None:
        for line in lines:
            if any(secret in line for secret in self.secrets):
                raise Disclosed("a line of the transcript has a password in it")
            print(line, flush=True)
            self.lines.append(line)
