"""The parameters that the embedded PostgreSQL runs with."""

import sys

#: Given on the command line, so that an upgrade of the package changes them without touching files.
PARAMETERS = {
    "cluster_name": "zava-mcp",
    "max_connections": "400",  # nineteen identities with twenty connections each, and the admin
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    # An index is in memory, mostly: looking up an order's items is cheaper than PostgreSQL would think by itself.
    "random_page_cost": "0.55",
    "jit": "off",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What a query asks for can be large: neither its errors nor its temporary files may fill the disk.
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    # Of one process. One identity has at most 20 connections, and all queries together at most four workers, so the
    # temporary files of one identity take at most 24 times as much: 12 GB.
    "temp_file_limit": "512MB",
    "max_parallel_workers": "4",
    # A hash table that parallel workers share can take all memory. Only Linux has a limit that bounds it.
    "enable_parallel_hash": "on" if sys.platform == "linux" else "off",
}

#: A cluster that is still being filled is thrown away after a crash, so it need not survive one.
FILLING = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
}
