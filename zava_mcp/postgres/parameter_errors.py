"""libpq's messages about connection parameters that it cannot use, with the message and hint for each."""

#: Pattern of libpq's message, message, hint. None of them quotes a password, as `find_url_fault` checks URLs first.
WRONG_PARAMETERS = (
    (
        r'invalid "?(\w+)"? value: "([^"]*)"',
        "{0} cannot be {1!r}",
        "Correct it in the database's URL, or the PG variable.",
    ),
    (
        r'invalid port number: "([^"]*)"|invalid integer value "[^"]*" for connection option "port"',
        "the database's port is not a number from 1 to 65535",
        "Correct it in the database's URL, POSTGRES_DB_PORT or PGPORT.",
    ),
    (
        r'invalid integer value "[^"]*" for connection option "(\w+)"|bad value for (connect_timeout)',
        "a connection parameter that must be a number is not one",
        "Correct connect_timeout, keepalives and the like in the database's URL, or PGCONNECT_TIMEOUT.",
    ),
    (
        r'definition of service "([^"]*)" not found',
        "there is no definition of the service {0!r}",
        "Add it to ~/.pg_service.conf or the file that PGSERVICEFILE names, or correct service or PGSERVICE.",
    ),
    (
        r'service file "([^"]*)" not found',
        "the service file {0} does not exist",
        "Correct PGSERVICEFILE: libpq expands neither ~ nor variables.",
    ),
    (
        r'in service file "([^"]*)", line (\d+)',
        "line {1} of the service file {0} cannot be read",
        "Write it as name=value, under [service].",
    ),
    (
        r'invalid URI query parameter: "([^"]*)"|invalid connection option "([^"]*)"',
        "the database's URL has a parameter that libpq does not know",
        "Correct the names behind the ?, such as sslmode, sslrootcert, connect_timeout and service.",
    ),
    (
        r'weak sslmode "([^"]*)"',
        "sslmode {0!r} is too weak for sslrootcert=system or sslnegotiation=direct",
        "Set sslmode=verify-full (for sslnegotiation=direct at least require).",
    ),
    (
        r'root certificate file "([^"]*)" does not exist',
        "the root certificate file {0} does not exist, and sslmode requires it to verify the server",
        "Set sslrootcert to your authority's certificate, or to system for those that this machine trusts.",
    ),
    (
        r"server does not support SSL",
        "the database server has no TLS, and sslmode requires it",
        "Enable TLS on the server; set sslmode=prefer only on a network that no one else can read.",
    ),
    (
        r"channel binding (?:is )?required",
        "channel binding is required, and the connection cannot have it",
        "It needs TLS and SCRAM: correct channel_binding or PGCHANNELBINDING, or sslmode.",
    ),
    (
        r'authentication method requirement "([^"]*)" failed',
        "the server requires another authentication method than require_auth={0} allows",
        "Correct require_auth or PGREQUIREAUTH.",
    ),
    (
        r"session is (?:not )?read-only|server is (?:not )?in hot standby mode",
        "none of the named servers is of the kind that target_session_attrs requires",
        "Correct target_session_attrs or PGTARGETSESSIONATTRS, or name the other server too.",
    ),
    (
        r"could not match \d+ (\w+ \w+|\w+) to \d+ host",
        "the number of ports or addresses differs from the number of hosts",
        "Give one port for all hosts, or one for each.",
    ),
)
