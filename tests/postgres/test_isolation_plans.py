"""The policies cost nothing: PostgreSQL plans a query under them as with an explicit filter."""

import psycopg
import pytest

from scripts.measure.isolation import ASKERS, Probe, asked_as, explicit, questions, shape
from tests.conftest import admin_keywords
from zava_mcp.embedded import EmbeddedPostgres


@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: asker.who)
def test_policies_give_the_plans_and_results_of_an_explicit_where(embedded: EmbeddedPostgres, asker: Probe) -> None:
    assert len(questions()) == 10
    with psycopg.connect(**admin_keywords(embedded), autocommit=True) as owner, asked_as(embedded, asker) as agent:
        for name, question in questions().items():
            written = explicit(question, asker.stores)
            assert (written != question) == bool(asker.stores), name
            rows = agent.execute(question.encode()).fetchall()
            assert rows == owner.execute(written.encode()).fetchall(), name
            assert rows, name
            assert shape(agent, question) == shape(owner, written), name
