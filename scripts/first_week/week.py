"""The five days, each a function: its commands, their expected output, and checks."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio

from scripts.first_week.machines import SEES, Connected, Machine, connected
from scripts.first_week.office import Office, broken_into, counted, must, without_progress

_HERE = Path(__file__).parent
_PSQL = 'psql "$ZAVA_ADMIN_DATABASE_URL" --set=ON_ERROR_STOP=1'
_CONNECTED = (
    "SELECT a.display_name, a.login, s.application_name "
    "FROM pg_stat_activity s JOIN zava.access a ON a.login = s.usename ORDER BY 1"
)
_PEOPLE = {  # the home's name, who it is, the store options, and how many stores that is
    "sam": ("Sam Chen", "--store Seattle --expires 2099-12-31", 1),
    "ana": ("Ana Ruiz", "--store Tacoma --store Spokane", 2),
    "kim": ("Kim Park", "--all-stores", 8),
}


class Week:
    """An operator, a server, and three identities on machines of their own."""

    def __init__(self, office: Office, metrics_port: int) -> None:
        self.office, self.transcript = office, office.transcript
        self.metrics_port = metrics_port
        self.machines: dict[str, Machine] = {}
        self.saw: dict[str, list[str]] = {}
        self.transcript.show_instead(f"127.0.0.1:{metrics_port}", "127.0.0.1:9464")

    async def play(self) -> None:
        self.monday()
        async with self.three_clients() as open_:
            await self.tuesday(open_)
            await self.wednesday(open_["sam"])
            await self.thursday(open_["ana"], open_["sam"])
        await self.friday()

    def monday(self) -> None:
        """Creates the database, the identities, and one env file for all machines."""
        self.transcript.day("Monday: set up, and add three identities", "2026-11-16")
        office = self.office
        self.transcript.add(
            "(Passwords are in each person's ~/.pgpass, trusted certificates in ~/.postgresql/root.crt.)"
        )
        self.transcript.add(f'$ export ZAVA_ADMIN_DATABASE_URL="{office.admin_url}"')
        self.transcript.add(f'$ export SERVER="{office.server_url}"')
        office.run("zava-mcp init --scale 0.05 --as-of 2026-11-15 --passwords-file passwords")
        for digit, (home, (name, stores, _)) in enumerate(_PEOPLE.items(), start=1):
            command = f'zava-mcp identities add "{name}" {stores} --passwords-file passwords'
            self.machines[home] = self.moves_in(home, name, command, str(digit))
        office.run("zava-mcp identities --format table")
        must(
            oct((office.folder / "passwords").stat().st_mode)[-3:] == "600",
            "only its owner can read the passwords file",
        )
        (office.folder / "zava.env").write_text(
            f"ZAVA_DATABASE_URL=postgresql://{office.place}/zava?sslmode={office.sslmode}\n"
            f"ZAVA_AUDIT_LOG={office.folder}/audit.jsonl\n"
        )
        office.run("cat zava.env")

    def moves_in(self, home: str, name: str, command: str, digit: str) -> Machine:
        """Adds an identity, whose machine gets its line of the passwords file."""
        before = set(self.office.passwords())
        said = self.office.run(command, trim=lambda _: "")  # before the user id has its stand-in
        (user_id,) = set(self.office.passwords()) - before
        self.transcript.show_instead(user_id, f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}")
        self.transcript.add(*without_progress(said).splitlines())
        machine = Machine(home, name, user_id)
        machine.take_password(self.office)
        return machine

    @asynccontextmanager
    async def three_clients(self, *homes: str) -> AsyncIterator[dict[str, Connected]]:
        """The connected clients of these machines, of all if none is named. Kim's server exports metrics."""
        async with AsyncExitStack() as stack:
            more = {"kim": {"ZAVA_METRICS_PORT": str(self.metrics_port)}}
            yield {
                home: await stack.enter_async_context(connected(self.office, self.machines[home], **more.get(home, {})))
                for home in homes or self.machines
            }

    async def tuesday(self, open_: dict[str, Connected]) -> None:
        """All clients query at the same time; each sees the rows of its own identity."""
        self.transcript.day("Tuesday: three clients send queries at the same time", "2026-11-17")
        self.transcript.add(f"  execute_sales_query: {SEES}")
        self.saw = await self.query_all(open_)
        for home, (_, _, stores) in _PEOPLE.items():
            must(len(self.saw[home]) == stores, f"{home} sees {stores} stores, not {len(self.saw[home])}")
            must(set(self.saw[home]) <= set(self.saw["kim"]), f"{home} sees of each store what head office sees of it")
            self.show(home, *self.saw[home])
        said = self.office.run(f'{_PSQL} --command "{_CONNECTED}"')
        must(all(said.count(name) == 1 for name, _, _ in _PEOPLE.values()), f"all three are connected, once: {said}")

    async def query_all(self, open_: dict[str, Connected]) -> dict[str, list[str]]:
        seen: dict[str, list[str]] = {}

        async def ask(home: str) -> None:
            seen[home] = await open_[home].sees()

        async with anyio.create_task_group() as group:
            for home in open_:
                group.start_soon(ask, home)
        return seen

    def show(self, home: str, *lines: str) -> None:
        """Adds the lines that a machine's client received."""
        self.transcript.add(*(f"  {self.machines[home].name}: {line}" for line in lines))

    async def wednesday(self, sam: Connected) -> None:
        """The open session gets an error, the old password is rejected, the new one is accepted."""
        self.transcript.day("Wednesday: rotate a password", "2026-11-18")
        old = self.office.passwords()[sam.machine.user_id]
        self.office.run('zava-mcp identities password "Sam Chen" --passwords-file passwords')
        must(self.office.passwords()[sam.machine.user_id] != old, "the password is a new one")
        self.show("sam", *(await sam.refusal()).splitlines())
        refused = self.start("sam", exit_code=2)
        must("password" in refused, "a new start names the password")
        sam.machine.take_password(self.office)
        self.transcript.add("  Sam's passfile gets the new line.")
        self.start("sam", exit_code=0)
        again = await sam.sees()
        must(again == self.saw["sam"], "the open client sees what it saw before")
        self.show("sam", *again)

    def start(self, home: str, exit_code: int) -> str:
        """Runs one query in a new process on a machine."""
        user_id, sql = self.machines[home].user_id, "SELECT count(*) FROM retail.orders"
        command = f'zava-mcp query "{sql}" --env-file zava.env --user-id {user_id}'
        return self.office.run(command, exit_code=exit_code, who=home)

    async def thursday(self, ana: Connected, sam: Connected) -> None:
        """Revokes one identity's access without disturbing the others, and reads the audit log and the metrics."""
        self.transcript.day("Thursday: revoke an identity's access, read the audit log and the metrics", "2026-11-19")
        self.office.run('zava-mcp identities remove "Ana Ruiz" --passwords-file passwords')
        self.show("ana", *(await ana.refusal()).splitlines())
        self.start("ana", exit_code=2)
        again = await sam.sees()
        must(again == self.saw["sam"], "the others see what they saw before")
        self.show("sam", *again)
        self.audit()
        self.metrics()

    def audit(self) -> None:
        """Every call of every machine has a line in the audit log, rejected ones too."""
        self.office.run("tail -n 3 audit.jsonl")
        lines = [json.loads(line) for line in (self.office.folder / "audit.jsonl").read_text().splitlines()]
        for machine in self.machines.values():
            written = [line for line in lines if line["user_id"] == machine.user_id and line.get("sql") == SEES]
            must(
                len(written) == machine.calls,
                f"{machine.name} made {machine.calls} calls, {len(written)} are in the audit log",
            )

    def metrics(self) -> None:
        """Reads the metrics, as Prometheus would, from the one server that exports them."""
        program = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        said = self.office.run(f"python -I -c '{program}' {url} | grep ^mcp_queries_total | grep -v ' 0.0$'")
        counted = [float(value) for value in re.findall(r" ([\d.]+)$", said, flags=re.MULTILINE)]
        must(sum(counted) == self.machines["kim"].calls, f"{self.machines['kim'].calls} calls are counted: {said}")

    async def friday(self) -> None:
        """Drops the database and restores it, with the commands of infra/README.md."""
        self.transcript.day("Friday: back up, drop the database, restore, and compare", "2026-11-20")
        office = self.office
        for file in ("sums.sql", "destroy.sql"):
            (office.folder / file).write_text((_HERE / file).read_text())
        said = office.run(
            f"{_PSQL} --quiet --tuples-only --no-align --file=sums.sql > before && cut -d'|' -f1,2 before"
        )
        orders = sum(json.loads(line)[1] for line in self.saw["kim"])
        must(f"retail.orders|{orders}" in said.split(), f"the sums are of all {orders} orders")
        office.chapter("backup")
        office.run('psql "$SERVER" --set=ON_ERROR_STOP=1 --file=destroy.sql', trim=counted)
        self.start("kim", exit_code=2)
        office.chapter("restore")
        office.run("mv passwords passwords.old\nzava-mcp init --no-sample --passwords-file passwords")
        office.run(
            f"{_PSQL} --quiet --tuples-only --no-align --file=sums.sql > after && diff before after && echo the same"
        )
        await self.everybody_is_back()

    async def everybody_is_back(self) -> None:
        """Every identity sees what it saw before, except the revoked one."""
        for home in ("sam", "kim"):
            self.machines[home].take_password(self.office)
        self.transcript.add("  Sam's and Kim's passfiles get their new lines.")
        async with self.three_clients("sam", "kim") as open_:
            for home, seen in (await self.query_all(open_)).items():
                must(seen == self.saw[home], f"{home} sees what was seen before")
                self.show(home, f"{len(seen)} of {len(seen)} lines as on Tuesday")
        self.start("ana", exit_code=2)
        user_id = self.machines["sam"].user_id
        self.office.run(f"zava-mcp doctor --env-file zava.env --user-id {user_id}", who="sam", trim=broken_into)
