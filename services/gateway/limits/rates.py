"""How often somebody may do something. Limits are by the minute; 0 is none.

A limit keeps who is in the right out of nothing. What is signed in is counted by user, so that a school behind one
address is not one visitor; by network only refusals are counted, and what is refused there is answered with 429 in the
place of 401, while a good sign-in or token from the same network goes on being good.

Keys, playlists, segments and beats of a session are not counted: a player that is slowed down is a film that stops, and
one that asks for more gets the same keys again.
"""

from dataclasses import dataclass

from services.gateway.identity.client_ip import network_of
from services.gateway.limits.counters import Counters
from services.gateway.limits.errors import rate_limited
from shared.contracts.access import Actor, Role


@dataclass(frozen=True)
class Rates:
    """The most within a minute."""

    access_tokens: int = 60
    """Tokens for one user, whoever asks for them."""
    refused_tokens: int = 300
    """Tries of one network to spend tokens that there are not."""
    refused_sign_ins: int = 300
    """Tries of one network to sign in with what was never good."""
    uploads: int = 300
    """Uploads that one user begins."""
    calls: int = 1200
    """Calls of the API by one user; of those that need no sign-in, by one network."""
    back_end_calls: int = 12_000
    """Calls by one back end: an API key, or a user of role service."""


class Limits:
    """Each method counts one, and raises Problem ``rate_limited`` where it is one too many."""

    def __init__(self, counters: Counters, rates: Rates) -> None:
        self._counters = counters
        self._rates = rates

    async def access_token(self, user_id: str) -> None:
        await self._count(
            "access_tokens",
            user_id,
            self._rates.access_tokens,
            "Too many access tokens were asked for within a minute.",
        )

    async def refused_token(self, ip: str) -> None:
        most = self._rates.refused_tokens
        await self._count(
            "refused_tokens", _network(ip), most, "Too many unknown access tokens were tried from this network."
        )

    async def refused_sign_in(self, ip: str) -> None:
        most = self._rates.refused_sign_ins
        await self._count("refused_sign_ins", _network(ip), most, "Too many sign-ins from this network were refused.")

    async def upload(self, actor: Actor) -> None:
        await self._count("uploads", actor.user_id, self._rates.uploads, "Too many uploads were begun within a minute.")

    async def call(self, actor: Actor) -> None:
        service = actor.role is Role.SERVICE
        name, most = ("back_end_calls", self._rates.back_end_calls) if service else ("calls", self._rates.calls)
        await self._count(name, actor.user_id, most, "Too many requests were made within a minute.")

    async def call_without_sign_in(self, ip: str) -> None:
        await self._count(
            "calls_from", _network(ip), self._rates.calls, "Too many requests came from this network within a minute."
        )

    async def _count(self, name: str, who: str, most: int, sentence: str) -> None:
        if most and (after := await self._counters.hit(name, who, most)):
            raise rate_limited(sentence, after)


def _network(ip: str) -> str:
    """Whatever a session is bound to: who may choose the last bits of an address would begin anew with each."""
    return network_of(ip, "prefix")
