"""Service tokens are good for one audience and one minute."""

import time

import pytest
from jose import jwt

from shared.auth import InvalidServiceToken, ServiceTokens
from shared.contracts.access import Actor, Role

SECRET = "s" * 40


def test_a_token_carries_the_actor() -> None:
    tokens = ServiceTokens("media", SECRET)
    actor = Actor(user_id="sam", role=Role.STUDENT)
    claims, found = tokens.verify(tokens.mint("gateway", actor, session={"id": "1"}))
    assert (claims["iss"], claims["session"], found) == ("gateway", {"id": "1"}, actor)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter than 32"):
        ServiceTokens("media", "short")


NOW = int(time.time())
GOOD = {"iss": "gateway", "aud": "media", "exp": NOW + 60, "act": {"user_id": "sam", "role": "admin"}}


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(jwt.encode({**GOOD, "aud": "progress"}, SECRET), id="another audience"),
        pytest.param(jwt.encode(GOOD, "x" * 40), id="another secret"),
        pytest.param(jwt.encode({**GOOD, "exp": NOW - 60}, SECRET), id="expired"),
        pytest.param(jwt.encode({k: v for k, v in GOOD.items() if k != "exp"}, SECRET), id="without exp"),
        pytest.param(jwt.encode({k: v for k, v in GOOD.items() if k != "aud"}, SECRET), id="without aud"),
        pytest.param(jwt.encode({k: v for k, v in GOOD.items() if k != "iss"}, SECRET), id="without iss"),
        pytest.param(jwt.encode({**GOOD, "act": {"user_id": "sam", "role": "root"}}, SECRET), id="unknown role"),
        pytest.param(jwt.encode(GOOD, SECRET, algorithm="HS512"), id="another algorithm"),
        pytest.param("a.b.c", id="garbage"),
        pytest.param("", id="nothing"),
    ],
)
def test_anything_else_is_refused(token: str) -> None:
    with pytest.raises(InvalidServiceToken):
        ServiceTokens("media", SECRET).verify(token)
