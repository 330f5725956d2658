"""Promise 1 as a property on a cluster: other stores' rows change, and nothing that a manager observes does."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.cluster.conftest import Cluster
from tests.promises.observing import observing
from tests.promises.statements import statements
from tests.promises.vocabulary import RETAIL, Vocabulary, vocabulary_of
from zava_mcp import sql

CHANGES = sql.statements(Path(__file__).with_name("changes.sql").read_text(encoding="utf-8"))
STATEMENTS = 150


def test_changes_of_hidden_rows_cannot_be_observed(cluster: Cluster) -> None:
    with cluster.as_superuser() as admin:
        admin.execute("VACUUM ANALYZE")
        texts = _texts(cluster)
        rows = admin.execute("SELECT customer_id FROM zava.customers_by_store WHERE visible_in = 1").fetchall()
        own = [customer for (customer,) in rows]
        with observing(cluster.settings("manager")) as observer:
            before = [observer.answers(text)[0] for text in texts]
            assert sum("execute_sales_query: " not in answer for answer, _ in before) > len(texts) / 4
            for change, script in CHANGES.items():
                for statement in filter(str.strip, script.split(";\n")):
                    admin.execute(statement.encode(), {"own": own} if "%(own)s" in statement else None)
                for text, seen in zip(texts, before, strict=True):
                    found = observer.answers(text)[0]
                    if found != seen:  # once more: a deadline may have met one of them alone
                        found = observer.answers(text)[0]
                    assert found == seen, (change, text)


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("ERROR", "mcp")


def _texts(cluster: Cluster) -> list[str]:
    """Generated statements about own rows, others' and absent ones."""
    texts: list[str] = []

    @settings(
        max_examples=STATEMENTS,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(statements(_words(cluster)))
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    return texts


def _words(cluster: Cluster) -> Vocabulary:
    with cluster.as_superuser() as admin, cluster.as_login("manager") as login:
        return vocabulary_of(RETAIL, admin, login, own_plans=True)
