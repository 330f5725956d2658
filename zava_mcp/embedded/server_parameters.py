"""The configuration parameters of the embedded PostgreSQL."""

import sys

#: Passed on the command line, so that an upgrade of the package changes them without editing files.
PARAMETERS = {
    "cluster_name": "zava-mcp",
    "max_connections": "400",  # nineteen identities with twenty connections each, and the administrator
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    # Indexes are mostly in memory, so looking up an order's items is cheaper than PostgreSQL's default assumes.
    "random_page_cost": "0.55",
    "jit": "off",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Neither the errors nor the temporary files of queries may fill the disk.
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    # The limit of one process. One identity has at most 20 connections, and all queries together at most four workers,
    # so the temporary files of one identity take at most 24 times as much: 12 GB.
    "temp_file_limit": "512MB",
    "max_parallel_workers": "4",
    # A hash table that parallel workers share can take all memory. Only on Linux does a limit apply to it.
    "enable_parallel_hash": "on" if sys.platform == "linux" else "off",
}

#: Additional parameters during set-up: after a crash, the cluster is deleted and set up again.
SET_UP_PARAMETERS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
}
