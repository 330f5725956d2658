"""The company profile: whose sales a database has, in which currency, time zone and calendar."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zava_mcp.currencies import name_of

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class CompanyProfile:
    """The company whose sales a database has. The default is the neutral profile, which names no company.

    `currency` is an ISO 4217 code, `fiscal_year_start` a month from 1 to 12, `week_start` a day from 1 (Monday) to 7.
    `notes` are the administrator's, for assistants. `is_sample`: the rows are the sample's.
    """

    name: str = ""
    sells: str = ""
    currency: str = ""
    time_zone: str = "UTC"
    fiscal_year_start: int = 1
    week_start: int = 1
    notes: str = ""
    is_sample: bool = False

    @property
    def money(self) -> str:
        """The currency as a text for a sentence: "US dollars", or "the company's currency"."""
        return name_of(self.currency) or "the company's currency"

    @property
    def coins(self) -> str:
        """The currency in one word: "dollars", "euros", or "money" if it is not named."""
        return name_of(self.currency).rpartition(" ")[2] or "money"

    @property
    def zone(self) -> tzinfo:
        """The time zone; UTC if this machine does not know it."""
        try:
            return UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return UTC

    def local_time(self, moment: datetime) -> datetime:
        """The company's local date and time, labelled UTC because charts and SQL do the same."""
        return moment.astimezone(self.zone).replace(tzinfo=UTC)

    def introduction(self) -> str:
        """A sentence that names the company and what it sells, "" without a name."""
        if not self.name:
            return ""
        return f"{self.name} sells {self.sells}." if self.sells else f"The company is {self.name}."

    def conventions(self) -> str:
        """A sentence on the units and periods of all tables."""
        money = self.money if self.currency else "in the company's currency, which its profile does not name"
        dates, sql_dates = ("Dates are UTC", "") if self.time_zone == "UTC" else (_days(self.time_zone), ", in UTC")
        periods = _fiscal_year(self.fiscal_year_start) + _week(self.week_start)
        return f"{dates}, money is {money}, {periods}; current_date works in SQL{sql_dates}."


#: The profile of a company that is not known.
NEUTRAL = CompanyProfile()


def _days(zone: str) -> str:
    return f"Days are those of {zone}, where today is (now() AT TIME ZONE '{zone}')::date"


def _fiscal_year(month: int) -> str:
    if month == 1:
        return "quarters are calendar quarters"
    shift = f"interval '{month - 1} months'"
    return (
        f"the fiscal year starts in {MONTHS[month - 1]}: fiscal quarters and years begin at "
        f"date_trunc('quarter' or 'year', day - {shift}) + {shift}"
    )


def _week(day: int) -> str:
    if day == 1:
        return ""
    return f", weeks start on {WEEKDAYS[day - 1]}: date_trunc('week', day + {8 - day})::date - {8 - day}"
