"""The platform's JWTs: what is missing or wrong is refused, with a reason and without a trace of the token."""

import base64
import json
import time

import pytest
from jose import jwt

from services.gateway.identity.jwt import PlatformJwts
from shared.contracts.access import Actor, Role
from shared.http import Problem

SECRET = "p" * 40
NOW = int(time.time())
GOOD = {"sub": "sam", "role": "student", "iss": "lectern", "aud": "lectern", "exp": NOW + 86_400}
JWTS = PlatformJwts(SECRET, "lectern", "lectern")


def without(name: str) -> str:
    return str(jwt.encode({key: value for key, value in GOOD.items() if key != name}, SECRET))


def unsigned() -> str:
    def part(document: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(GOOD)}."


async def test_a_good_one_names_its_bearer() -> None:
    assert await JWTS.verify(jwt.encode({**GOOD, "name": "Sam"}, SECRET)) == Actor(
        user_id="sam", role=Role.STUDENT, name="Sam"
    )


async def test_what_we_make_we_accept() -> None:
    actor = Actor(user_id="demo", role=Role.ADMIN, name="Demo")
    assert await JWTS.verify(JWTS.make(actor, 60)) == actor


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(unsigned(), id="alg none"),
        pytest.param(jwt.encode(GOOD, "q" * 40), id="another secret"),
        pytest.param(jwt.encode(GOOD, SECRET, algorithm="HS384"), id="another algorithm"),
        *(pytest.param(without(name), id=f"without {name}") for name in ("sub", "iss", "aud", "exp", "role")),
        pytest.param(jwt.encode({**GOOD, "aud": "other"}, SECRET), id="another audience"),
        pytest.param(jwt.encode({**GOOD, "iss": "other"}, SECRET), id="another issuer"),
        pytest.param(jwt.encode({**GOOD, "exp": NOW - 60}, SECRET), id="expired"),
        pytest.param(jwt.encode({**GOOD, "nbf": NOW + 86_400}, SECRET), id="not yet good"),
        pytest.param(jwt.encode({**GOOD, "role": "root"}, SECRET), id="unknown role"),
        pytest.param(jwt.encode({**GOOD, "sub": "../sam"}, SECRET), id="a sub that is no id"),
        pytest.param(jwt.encode({**GOOD, "sub": "s" * 129}, SECRET), id="a sub too long"),
        pytest.param(jwt.encode(GOOD, SECRET)[:-4], id="truncated"),
        pytest.param("ჯ.ვ.ტ", id="unicode"),
        pytest.param("a" * 9000, id="oversized"),
        pytest.param("", id="nothing"),
    ],
)
async def test_anything_else_is_refused(token: str) -> None:
    with pytest.raises(Problem) as refusal:
        await JWTS.verify(token)
    assert (refusal.value.status, refusal.value.code) == (401, "invalid_jwt")
    assert not token or token not in refusal.value.detail
