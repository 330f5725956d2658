"""Runs all checks of an installation: its clients, the machine, the database, and attacks on its isolation."""

from zava_mcp.doctor.check import Check
from zava_mcp.doctor.client_checks import check_clients
from zava_mcp.doctor.database_checks import check_database
from zava_mcp.doctor.isolation_attacks import attack_isolation
from zava_mcp.doctor.machine_checks import check_data_folder, check_disk_space, check_embedding_model
from zava_mcp.errors import DatabaseUnavailable, IdentityError, QueryError
from zava_mcp.sales.service import SalesService


def diagnose(service: SalesService) -> list[Check]:
    """Returns all checks. If the database cannot be reached, returns those of clients and machine, and why."""
    checks = [*check_clients(), check_embedding_model(service)]
    if service.data_dir is not None:
        checks += [check_data_folder(service.data_dir), check_disk_space(service.data_dir)]
    try:
        checks += check_database(service)
    except (DatabaseUnavailable, IdentityError) as error:
        return [*checks, Check("connection", "fail", error.message, error.hint)]
    try:
        return [*checks, *attack_isolation(service)]
    except (DatabaseUnavailable, IdentityError, QueryError) as error:
        failed = ", ".join(check.name for check in checks if check.state == "fail")
        fix = f"fix these checks first: {failed}" if failed else f"{error.hint} If that does not help, report it."
        return [*checks, Check("attacks", "fail", f"not run, because no query succeeds: {error.message}", fix)]
