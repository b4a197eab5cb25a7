"""Dates and times, recognized by how they are written."""

import re
from collections.abc import Sequence

MOST_LOOKED_AT = 1000

_YEAR, _MONTH, _DAY = r"(1[6-9]|2[01])\d\d", r"(0?[1-9]|1[0-2])", r"(0?[1-9]|[12]\d|3[01])"
_NAME = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_TIME = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?( ?[ap]\.?m\.?)?( ?(z|utc|gmt|[+-]\d\d:?(\d\d)?))?"
_DATES = (
    rf"{_YEAR}[-/.]{_MONTH}([-/.]{_DAY})?",  # 2017-03-10, 2017-03
    rf"{_DAY}(?P<sep>[-/.]){_MONTH}(?P=sep){_YEAR}",  # 10.3.2017
    rf"{_MONTH}(?P<sep>[-/.]){_DAY}(?P=sep){_YEAR}",  # 3/10/2017
    rf"({_DAY}/{_MONTH}|{_MONTH}/{_DAY})/\d\d",  # 10/3/17; 10.3.17 and 10-3-17 may be something else
    rf"{_DAY}(st|nd|rd|th)?[- ]{_NAME}[- ,]+({_YEAR}|\d\d)",  # 10 March 2017, 10-Mar-17
    rf"{_NAME} ({_DAY}(st|nd|rd|th)?,? )?{_YEAR}",  # March 10, 2017
)
_WRITTEN = [re.compile(_TIME, re.I)] + [
    re.compile(rf"([a-z]{{3,9}},? )?{date}([ t]{_TIME})?", re.I)  # a weekday may come first
    for date in _DATES
]


def are_dates(texts: Sequence[str]) -> bool:
    """Whether these texts, of which there is at least one, are all dates or times."""
    looked_at = texts[:MOST_LOOKED_AT]
    return bool(looked_at) and all(
        any(form.fullmatch(text.strip()) for form in _WRITTEN) for text in looked_at
    )
