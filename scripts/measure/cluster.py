"""Nine questions on one server and on a Citus cluster with the same rows: times in turn, and what the nodes send.

    scripts/bench cluster ONE CLUSTER --name "2 nodes" --json >> cluster.json
    scripts/bench cluster --with cluster.json --write                           the table in infra/README.md

ONE and CLUSTER are superusers' URLs of databases that `zava-mcp init` filled. The logins get the password "cluster".
Where all nodes are on one machine, read shapes and bytes, and not times.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
from psycopg import conninfo
from psycopg import sql as compose

from scripts.documents import ROOT, put
from scripts.measure.figures import in_turn
from scripts.measure.isolation import questions
from scripts.measure.processes import HEAD_OFFICE, SEATTLE
from zava_mcp.admin.logins import set_password
from zava_mcp.cli.display.output import show_table
from zava_mcp.postgres.query import Query
from zava_mcp.sales.service import SalesService, service_for
from zava_mcp.settings import Secret, load

_ASKERS = {"manager": SEATTLE, "head office": HEAD_OFFICE}
_PASSWORD = "cluster"  # noqa: S105  # of logins of measured databases
_UNITS = {"bytes": 0.001, "kB": 1.0, "MB": 1000.0, "GB": 1_000_000.0}
_ROWS = 1000
_ANALYZERS = "worker_save_query_explain_analyze(text, jsonb), worker_last_saved_explain_analyze()"


@dataclass(frozen=True)
class Answer:
    """One question of one asker: seconds on both, the tasks that the cluster made of it, and kB that nodes sent."""

    size: str
    who: str
    question: str
    one_server: float
    cluster: float
    tasks: int
    kilobytes: float

    @property
    def ratio(self) -> float:
        return self.cluster / self.one_server


def measure(one: str, cluster: str, size: str, times: int) -> Iterator[Answer]:
    """Asks both. Raises AssertionError if the answers differ."""
    for who, user_id in _ASKERS.items():
        with _service(one, user_id) as server, _service(cluster, user_id) as nodes:
            for name, question in _questions(who):
                asked = [partial(_rows, service, question) for service in (nodes, server)]
                assert asked[0]() == asked[1](), name
                took, base = in_turn(asked[0], asked[1], times)
                tasks, kilobytes = _sent(cluster, user_id, question)
                yield Answer(size, who, name, min(base) / 1000, min(took) / 1000, tasks, kilobytes)


def _questions(who: str) -> Iterator[tuple[str, str]]:
    """The questions of tables by store; head office joins orders and items by store, too, as Citus demands."""
    for name, question in questions().items():
        if "embeddings" not in question:
            by_store = question.replace("order_items i USING (order_id)", "order_items i USING (order_id, store_id)")
            yield name.replace("_", " "), by_store if who == "head office" else question


def _service(url: str, user_id: str) -> SalesService:
    """The service of an identity, whose password is set."""
    with psycopg.connect(url, autocommit=True) as admin:
        set_password(admin, user_id, Secret(_PASSWORD))
    parts = conninfo.conninfo_to_dict(url)
    address = f"postgresql://{parts['host']}:{parts['port']}/{parts['dbname']}"
    environment = {"ZAVA_DATABASE_URL": address, "POSTGRES_PASSWORD": _PASSWORD, "ZAVA_QUERY_TIMEOUT": "300"}
    return service_for(load({"ZAVA_USER_ID": user_id}, environment), lambda *_: None)


def _rows(service: SalesService, question: str) -> str:
    return service.run_query(service.sales_query(question, _ROWS)).json()


def _sent(cluster: str, user_id: str, question: str) -> tuple[int, float]:
    """The tasks of the question in zava-mcp's wrapper, and the kB of rows that the nodes sent."""
    query = Query(question, _ROWS, 1_000_000, 300.0)
    query._keep_order_of_nodes()  # the text that a service sends
    wrapped = question.join(query._wrapper)
    with (
        _allowed_to_analyze(cluster, user_id),
        psycopg.connect(cluster, user=user_id, password=_PASSWORD, autocommit=True) as connection,
    ):
        rows = connection.execute(f"EXPLAIN (ANALYZE) {wrapped}".encode()).fetchall()
    plan = "\n".join(row[0] for row in rows)
    sent = re.findall(r"Tuple data received from nodes: (\d+) (\w+)", plan)
    return sum(map(int, re.findall(r"Task Count: (\d+)", plan))), sum(int(n) * _UNITS[unit] for n, unit in sent)


@contextmanager
def _allowed_to_analyze(cluster: str, user_id: str) -> Iterator[None]:
    """Grants the login what EXPLAIN ANALYZE calls on nodes, which `zava-mcp init` revokes."""
    with psycopg.connect(cluster, autocommit=True) as admin:

        def on_nodes(text: str) -> None:
            statement = compose.SQL(text).format(compose.SQL(_ANALYZERS), compose.Identifier(user_id))
            admin.execute("SELECT run_command_on_all_nodes(%s)", [statement.as_string(admin)])

        on_nodes("GRANT EXECUTE ON FUNCTION {} TO {}")
        try:
            yield
        finally:
            on_nodes("REVOKE EXECUTE ON FUNCTION {} FROM {}")


def table(answers: list[Answer]) -> list[list[str]]:
    """A line for each question and asker, with two columns for each size."""
    sizes = list(dict.fromkeys(answer.size for answer in answers))
    found = {(answer.who, answer.question, answer.size): answer for answer in answers}
    lines = [["who", "question", "tasks", *(f"{size}: ratio, kB" for size in sizes)]]
    for who, question in dict.fromkeys((answer.who, answer.question) for answer in answers):
        own = [found.get((who, question, size)) for size in sizes]
        cells = [f"{answer.ratio:.1f}, {answer.kilobytes:,.0f}" if answer else "not measured" for answer in own]
        tasks = dict.fromkeys(str(answer.tasks) for answer in own if answer)
        lines.append([who, question, "/".join(tasks), *cells])
    return lines


def write(answers: list[Answer]) -> None:
    """Writes the table with the day."""
    head, *lines = table(answers)
    cells = [head, ["---", "---", *["---:"] * (len(head) - 2)], *lines]
    text = "".join(f"| {' | '.join(row)} |\n" for row in cells)
    put("cluster", f"Measured on {datetime.now(UTC).date()}:\n\n{text}", ROOT / "infra" / "README.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench cluster", description=__doc__)
    parser.add_argument("urls", nargs="*", help="of the database on one server, and of the cluster's coordinator")
    parser.add_argument("--name", default="cluster", help="the column's name, such as '2 million orders, 2 nodes'")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--with", type=Path, action="append", dest="files", help="a file of --json; repeatable")
    parser.add_argument("--json", action="store_true", help="print each figure as a line of JSON")
    parser.add_argument("--write", action="store_true", help="write the table into infra/README.md")
    wanted = parser.parse_args()
    if len(wanted.urls) != 2 and not wanted.files:
        parser.error("give the URLs of both databases, or a file --with figures")
    lines = [line for file in wanted.files or [] for line in file.read_text(encoding="utf-8").splitlines()]
    answers = [Answer(**json.loads(line)) for line in lines]
    if wanted.urls:
        for answer in measure(wanted.urls[0], wanted.urls[1], wanted.name, wanted.times):
            print(f"{answer.who}, {answer.question}: {answer.ratio:.2f}", file=sys.stderr)
            answers.append(answer)
    if wanted.write:
        write(answers)
    if wanted.json:
        print(*(json.dumps(asdict(answer)) for answer in answers), sep="\n")
    else:
        head, *rows = table(answers)
        show_table(head, rows, set(range(2, len(head))))


if __name__ == "__main__":
    main()
