"""What libpq says of connection parameters, as patterns of its words, and what to do about it."""

#: What libpq says of a parameter that it cannot use. None of them quotes a password: `url_fault` comes first.
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
        "a connection parameter that must be a number is none",
        "Correct connect_timeout, keepalives and the like in the database's URL, or PGCONNECT_TIMEOUT.",
    ),
    (
        r'definition of service "([^"]*)" not found',
        "there is no definition of the service {0!r}",
        "Add it to ~/.pg_service.conf or the file that PGSERVICEFILE names, or correct service or PGSERVICE.",
    ),
    (
        r'service file "([^"]*)" not found',
        "the service file {0} is not there",
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
        "the root certificate file {0} is not there, and sslmode asks to verify the server",
        "Set sslrootcert to your authority's certificate, or to system for those that this machine trusts.",
    ),
    (
        r"server does not support SSL",
        "the database server has no TLS, and sslmode requires it",
        "Switch TLS on there; only on a network that nobody else can read, set sslmode=prefer.",
    ),
    (
        r"channel binding (?:is )?required",
        "channel binding is required, and the connection cannot have it",
        "It needs TLS and SCRAM: correct channel_binding or PGCHANNELBINDING, or sslmode.",
    ),
    (
        r'authentication method requirement "([^"]*)" failed',
        "the server asks for another way to authenticate than require_auth={0} allows",
        "Correct require_auth or PGREQUIREAUTH.",
    ),
    (
        r"session is (?:not )?read-only|server is (?:not )?in hot standby mode",
        "no server of those named is of the kind that target_session_attrs asks for",
        "Correct target_session_attrs or PGTARGETSESSIONATTRS, or name the other server too.",
    ),
    (
        r"could not match \d+ (\w+ \w+|\w+) to \d+ host",
        "there are not as many ports (or addresses) as hosts",
        "Give one port for all hosts, or one for each.",
    ),
)
