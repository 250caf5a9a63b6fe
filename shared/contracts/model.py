"""The base of every document that crosses a process boundary: camelCase outside, snake_case inside."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeGuard

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer, StringConstraints
from pydantic.alias_generators import to_camel

_EXTERNAL_ID = r"[A-Za-z0-9._:-]{1,128}"

ExternalId = Annotated[str, StringConstraints(pattern=f"^{_EXTERNAL_ID}$")]
"""An id of the platform's own: of a course, a chapter or a user. Opaque to us, safe in paths and logs."""


def is_external_id(value: object) -> TypeGuard[str]:
    """Whether it is what `ExternalId` takes, for values that come in no document of ours."""
    return isinstance(value, str) and re.fullmatch(_EXTERNAL_ID, value) is not None


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("text may not contain the character U+0000")
    return text


Text = Annotated[str, AfterValidator(_storable)]
"""Text of a request that Postgres is asked to keep or to compare: it takes every character but one."""


def _iso(moment: datetime) -> str:
    if moment.tzinfo is None:
        # The first and the last moment that there are come from Postgres as its infinities, without a zone.
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_iso, return_type=str, when_used="json")]
"""A point in time; always UTC ISO 8601 with a Z when it leaves us."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("that moment is out of range") from None


GivenMoment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A point in time as a request names it: with its offset, for nobody else knows it."""


class Document(BaseModel):
    """A request or an answer. Unknown members of a request are ignored, so that clients may be newer than we are."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    def dump(self) -> dict[str, Any]:
        """This document as JSON-ready camelCase members."""
        return self.model_dump(mode="json", by_alias=True)
