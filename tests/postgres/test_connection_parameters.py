"""Errors of unusable connection URLs and parameters name the fault and contain no part of a password."""

from uuid import UUID

import pytest

from tests.conftest import SEATTLE
from zava_mcp.errors import SettingsError, ZavaError
from zava_mcp.postgres.connection_parameters import connection_parameters
from zava_mcp.postgres.identity import connect
from zava_mcp.settings import load


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("postgresql://me:p@hunter2@db/zava", "has one @ too many"),
        ("postgresql://me@example.com:hunter2@db/zava", "has one @ too many"),
        ("postgresql://me:x@b?hunter2@db/zava", "has one @ too many"),
        ("postgresql://me:hunter2/x@db/zava", "has a / before the @"),
        ("postgresql://me:hunter2%@db/zava", "write % as %25"),
        ("postgresql://me:hunter2%zz@db/zava", "write % as %25"),
        ("postgresql://db:hunter2/zava", "a port that is not a number"),
        ("postgresql://db:65536/zava", "a port that is not a number"),
        ("postgresql://db:0/zava", "a port that is not a number"),
        ("postgresql://a:1,b:x/zava", "a port that is not a number"),
        ("postgresql://db/zava?sslmode", "a parameter without a value"),
        ("postgresql://me:x@db/zava?a b=c", "a parameter whose name is not a word"),
        ("mysql://me:hunter2@db/zava", "must start with postgresql://"),
    ],
)
@pytest.mark.parametrize("name", ["ZAVA_DATABASE_URL", "ZAVA_ADMIN_DATABASE_URL"])
def test_url_that_libpq_misreads_is_refused(name: str, url: str, fault: str) -> None:
    if name == "ZAVA_ADMIN_DATABASE_URL" and "must start" in fault:
        return  # an administrator may use libpq's other notation
    with pytest.raises(SettingsError) as refused:
        load({}, {name: url})
    assert f"{name} {fault}" in refused.value.message or fault in refused.value.message
    assert "hunter2" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:a%40b%25c%2Fd:e?f@db:5432/zava?sslmode=require",
        "postgresql://[::1]:5432/zava",
        "postgresql://a:1,b:2,c/zava?target_session_attrs=primary",
        "postgresql://%2Fvar%2Frun/zava",
        "postgresql:///zava?host=/var/run&options=-c%20work_mem%3D1MB",
        "postgresql://db/zava?user=me@server",
    ],
)
def test_url_that_libpq_reads_correctly_is_accepted(url: str) -> None:
    assert load({}, {"ZAVA_DATABASE_URL": url}).database is not None


@pytest.mark.parametrize(
    ("query", "variables", "named"),
    [
        ("sslmode=require-it", {}, "sslmode cannot be 'require-it'"),
        ("", {"PGSSLMODE": "on"}, "sslmode cannot be 'on'"),
        ("channel_binding=x", {}, "channel_binding cannot be 'x'"),
        ("gssencmode=x", {}, "gssencmode cannot be 'x'"),
        ("target_session_attrs=x", {}, "target_session_attrs cannot be 'x'"),
        ("load_balance_hosts=x", {}, "load_balance_hosts cannot be 'x'"),
        ("ssl_min_protocol_version=x", {}, "ssl_min_protocol_version cannot be 'x'"),
        ("sslnegotiation=x", {}, "sslnegotiation cannot be 'x'"),
        ("sslcertmode=x", {}, "sslcertmode cannot be 'x'"),
        ("require_auth=x", {}, "require_auth cannot be 'x'"),
        ("sslmod=require", {}, "a parameter that libpq does not know"),
        ("sslmode=require&sslrootcert=system", {}, "sslmode 'require' is too weak"),
        ("service=shop", {"PGSERVICEFILE": "/no/such/file"}, "the service file /no/such/file does not exist"),
        ("service=shop", {"PGSERVICEFILE": "{service}"}, "no definition of the service 'shop'"),
        ("service=broken", {"PGSERVICEFILE": "{service}"}, "line 2 of the service file"),
        ("", {"PGPORT": "x"}, "port is not a number"),
        ("port=70000", {}, "port is not a number"),
        ("connect_timeout=x", {}, "must be a number"),
        ("host=a,b,c&port=1,2", {}, "differs from the number of hosts"),
    ],
)
def test_parameter_that_libpq_cannot_use_is_named(
    query: str, variables: dict[str, str], named: str, server: str, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The connection is to a local socket, and libpq refuses a bad parameter before it sends anything."""
    service = tmp_path_factory.getbasetemp() / "services"
    service.write_text("[broken]\nnonsense\n")
    for name, text in variables.items():
        monkeypatch.setenv(name, text.format(service=service))
    host = "" if query.startswith("host=") else f"host={server}&"
    settings = load(
        {"ZAVA_DATABASE_URL": f"postgresql://me:hunter2@/zava?{host}{query}".rstrip("&"), "ZAVA_USER_ID": SEATTLE}, {}
    )
    assert settings.database is not None
    with pytest.raises(ZavaError) as refused:
        connect(connection_parameters(settings.database, UUID(SEATTLE))).close()
    assert named in refused.value.message
    assert refused.value.hint
    assert "hunter2" not in refused.value.message + refused.value.hint
