"""The table of causes of failed and lost connections: how libpq reports each, and its error and hint."""

import re
from dataclasses import dataclass

from zava_mcp.errors import DatabaseUnavailable, IdentityError, ZavaError


class Restarting(DatabaseUnavailable):
    """The database server replied that it is starting, stopping or recovering."""


class NotListening(DatabaseUnavailable):
    """Nothing listens where the database server should."""


class NoDatabase(DatabaseUnavailable):
    """The server has no database of that name."""


class Disconnected(DatabaseUnavailable):
    """An established connection has ended."""


_RECONNECTS = "The server reconnects by itself."
_SQLSTATE = re.compile(r"(?=.*\d)[0-9A-Z]{5}")


@dataclass(frozen=True)
class Failure:
    """One cause of a failure.

    `patterns` are SQLSTATEs or, because libpq has none for failed connections, regular expressions of its messages. The
    {words} of a hint stand for settings. `server_hint` is for users of a running server. `part` is the part of an
    administrator's URL to correct.
    """

    patterns: tuple[str, ...]
    kind: type[ZavaError]
    message: str
    hint: str
    server_hint: str = ""
    part: str = ""

    def matches(self, sqlstate: str, text: str) -> bool:
        """Whether an error with this SQLSTATE and message has this cause."""
        return any(
            pattern == sqlstate if _SQLSTATE.fullmatch(pattern) else re.search(pattern, text)
            for pattern in self.patterns
        )


CONNECTION_FAILURES = (
    Failure(
        ("no password supplied",),
        IdentityError,
        "the database requires a password, and none is set for this login",
        "Set POSTGRES_PASSWORD, or write the password into a passfile: {passfile_fault}.",
        part="password",
    ),
    Failure(
        ("28P01", "password authentication failed"),
        IdentityError,
        "the database does not accept this login's password",
        "Correct {password} and, if it is set, POSTGRES_USER. If they are right, the identity was removed or has "
        "expired: an administrator can check that with `zava-mcp identities`.",
        part="login or password",
    ),
    Failure(
        (r"(Peer|Ident|LDAP|PAM|GSSAPI|SSPI|RADIUS|certificate|OAuth\S*) authentication failed",),
        IdentityError,
        "the database does not authenticate this login with a password",
        "Connect in another way, such as over TCP instead of a socket ({host}), or ask the database's administrator to "
        "change the method in pg_hba.conf.",
        part="host or login",
    ),
    Failure(
        (r"pg_hba\.conf.*no encryption", "SSL connection is required", "SSL required"),
        DatabaseUnavailable,
        "the database server requires TLS, and the connection has none",
        "Set {sslmode} to require or, with the authority's certificate in sslrootcert, to verify-full. If TLS is on, "
        "pg_hba.conf on the server does not admit this machine, login or database.",
    ),
    Failure(
        (r"pg_hba\.conf",),
        DatabaseUnavailable,
        "the database server does not admit this machine, login or database (pg_hba.conf)",
        "Check {host}, {database} and POSTGRES_USER; else the database's administrator adds a line to pg_hba.conf.",
    ),
    Failure(
        ("28000", 'role ".*" does not exist'),
        IdentityError,
        "the database has no login for this identity",
        "Check the user id; `zava-mcp identities` lists the ones that exist.",
        part="login",
    ),
    Failure(
        ("not permitted to log in",),
        IdentityError,
        "this login is not permitted to log in any more",
        "The identity was removed, or its login was disabled: an administrator can check that with "
        "`zava-mcp identities`.",
        part="login",
    ),
    Failure(
        ("3D000", 'database ".*" does not exist'),
        NoDatabase,
        "the database named in the settings does not exist on that server",
        "Correct {database}; for a new one, an administrator runs `zava-mcp init`, which creates it.",
    ),
    Failure(
        ("42501", "permission denied for database"),
        IdentityError,
        "this login may not connect to that database",
        "The identity was removed, or was not added yet: an administrator can check that with `zava-mcp identities`.",
        part="login or database",
    ),
    Failure(
        ("53300", "too many connections", "too many clients", "remaining connection slots"),
        DatabaseUnavailable,
        "the database has no connection left for this login",
        "Wait until other queries have finished, or raise max_connections or the login's connection limit.",
    ),
    Failure(
        ("unsupported startup parameter",),
        DatabaseUnavailable,
        "the pooler in front of PostgreSQL refuses the settings that connections start with",
        "In pgbouncer.ini, add options to ignore_startup_parameters (they are then set by SQL); pool_mode = session.",
    ),
    Failure(
        ("no more connections allowed", "query_wait_timeout"),
        DatabaseUnavailable,
        "the pooler in front of PostgreSQL has no connection left",
        "Wait until other queries have finished, or raise its max_client_conn or pool_size.",
    ),
    Failure(
        ("57P03", "starting up", "shutting down", "in recovery mode", "not yet accepting"),
        Restarting,
        "the database is starting up or shutting down",
        "Try again in a few seconds.",
        _RECONNECTS,
    ),
    Failure(
        ("53100", "No space left"),
        DatabaseUnavailable,
        "the database's disk is full",
        "Make room on the database's disk.",
        _RECONNECTS,
    ),
    Failure(
        (r"(certificate|private key|revocation list|CRL) (list )?file",),
        DatabaseUnavailable,
        "a certificate or key file of the connection cannot be used",
        "Check sslcert, sslkey and sslrootcert: each file must exist and be readable, a key by its owner alone.",
    ),
    Failure(
        (
            "invalid response to SSL negotiation",
            "expected authentication request",
            "invalid response to GSSAPI negotiation",
            "unexpected message type",
            "unsupported frontend protocol",
            "SSL error: (wrong version number|packet length too long|record layer failure)",
        ),
        DatabaseUnavailable,
        "the server at this address does not use PostgreSQL's protocol",
        "Correct {host} or {port}: another program listens there. PostgreSQL's usual port is 5432.",
    ),
    Failure(
        (
            "Connection refused",
            "No such file or directory",
            "Network is unreachable",
            "No route to host",
            "0x0000274D",
            "Permission denied",
            "Cannot assign requested address",
        ),
        NotListening,
        "the database is not running, or its port is closed",
        "Start it, or correct {host} or {port}.",
        _RECONNECTS,
    ),
    Failure(
        (
            "could not translate host name",
            "failed to resolve host",
            "Name or service not known",
            "nodename nor servname",
            "could not parse network address",
            "could not look up",
        ),
        DatabaseUnavailable,
        "the database's host name cannot be resolved",
        "Correct {host}, or check the network and its name server.",
        _RECONNECTS,
    ),
    Failure(
        ("timeout expired", "timed out", "ConnectionTimeout"),
        DatabaseUnavailable,
        "the database did not answer in time",
        "Check {host}, {port}, and the firewalls in between.",
        _RECONNECTS,
    ),
    Failure(
        (
            "server closed the connection",
            "SSL SYSCALL",
            "SSL connection has been closed",
            "SSL error: unexpected eof",
            "connection was closed",
            "the connection is lost",
            "the connection is closed",
            "server conn crashed",
            "Connection reset by peer",
            "could not (receive|send) data",
            "Broken pipe",
            "socket closed",
            "57P01",
            "57P02",
        ),
        Disconnected,
        "the database closed the connection",
        "Try again. If it happens each time, check that {host} and {port} are those of PostgreSQL.",
        _RECONNECTS,
    ),
    Failure(
        ("certificate", "SSL", "TLS"),
        DatabaseUnavailable,
        "the secure connection to the database could not be established",
        "Check {sslmode}, the host name in the server's certificate, and sslrootcert.",
    ),
    Failure(
        ("invalid connection option", "invalid URI", 'missing "="'),
        DatabaseUnavailable,
        "the database settings are not a valid connection string",
        "Write it as postgresql://host:5432/zava.",
    ),
)
