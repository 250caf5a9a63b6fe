"""JWTs by the platform's own keys, over a real gateway: as PEM, and as a key set that is published and rotated."""

import base64
import gzip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jose import jwk, jwt
from pydantic import ValidationError

from services.gateway.app import create_app
from services.gateway.identity import jwks
from services.gateway.identity.keys import jwks_keys, pem_keys
from tests.conftest import TestDatabase
from tests.support.clients import good, refused
from tests.support.patience import until
from tests.support.served import PLATFORM_SECRET, Asked, Reply, Served, StandIn, gateway_settings

NOW = int(time.time())
GOOD: dict[str, Any] = {
    "sub": "sam",
    "role": "student",
    "iss": "lectern",
    "aud": "lectern",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 3600,
}


class Pair:
    """A key pair as a platform has one."""

    def __init__(self, private: Any, algorithm: str, kid: str | None = None) -> None:
        self.algorithm, self.kid = algorithm, kid
        self.private = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        public = private.public_key()
        self.public = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def jwk(self, **more: Any) -> dict[str, Any]:
        named = {"kid": self.kid} if self.kid else {}
        return {**jwk.construct(self.public, self.algorithm).to_dict(), "use": "sig", **named, **more}

    def sign(self, kid: str | None = None, drop: tuple[str, ...] = (), **claims: Any) -> str:
        body = {name: value for name, value in {**GOOD, **claims}.items() if name not in drop}
        return self.sign_exactly(body, kid)

    def sign_exactly(self, body: dict[str, Any], kid: str | None = None) -> str:
        headers = {"kid": kid or self.kid} if kid or self.kid else None
        return str(jwt.encode(body, self.private, algorithm=self.algorithm, headers=headers))


def rsa_pair(kid: str | None = None, bits: int = 2048) -> Pair:
    return Pair(rsa.generate_private_key(65537, bits), "RS256", kid)


def ec_pair(kid: str | None = None) -> Pair:
    return Pair(ec.generate_private_key(ec.SECP256R1()), "ES256", kid)


RSA, EC, STRANGER = rsa_pair(), ec_pair(), rsa_pair()


def part(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def by_hmac(secret: str, header: dict[str, Any], claims: Any = GOOD) -> str:
    """Signed by HS256 whatever the secret is: python-jose refuses a PEM as one."""
    signed = f"{part(header)}.{part(claims)}"
    mac = hmac.HMAC(secret.encode(), hashes.SHA256())
    mac.update(signed.encode())
    return f"{signed}.{base64.urlsafe_b64encode(mac.finalize()).rstrip(b'=').decode()}"


Ask = Callable[[str], httpx.Response]


@contextmanager
def asking(postgres: TestDatabase, public: Path, **settings: Any) -> Iterator[Ask]:
    """``/api/me`` of a gateway with these settings, asked with a token as it is, even where it is no ASCII."""
    with (
        Served(create_app(gateway_settings(postgres, public, **settings))) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield lambda token: client.get("/api/me", headers={"Authorization": f"Bearer {token}".encode()})


@pytest.fixture(scope="module")
def by_pem(postgres: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with asking(postgres, tmp_path_factory.mktemp("public"), platform_jwt_public_key=RSA.public + EC.public) as ask:
        yield ask


# --- Keys by setting ---


@pytest.mark.parametrize("pair", [RSA, EC], ids=["RS256", "ES256"])
def test_a_token_by_the_platforms_key_names_its_bearer(by_pem: Ask, pair: Pair) -> None:
    for token in (pair.sign(name="Sam"), pair.sign(kid="any", name="Sam")):
        assert good(by_pem(token)) == {"userId": "sam", "role": "student", "name": "Sam", "email": None}


def test_the_secret_stays_good_beside_it(by_pem: Ask) -> None:
    assert good(by_pem(jwt.encode(GOOD, PLATFORM_SECRET)))["userId"] == "sam"


def test_clocks_may_differ_by_a_little(by_pem: Ask) -> None:
    now = int(time.time())
    good(by_pem(RSA.sign(nbf=now + 8)))
    refused(by_pem(RSA.sign(nbf=now + 120)), 401, "invalid_jwt")


WRONG = {
    "alg none": f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(GOOD)}.",
    "alg none with a signature": f"{part({'alg': 'none'})}.{part(GOOD)}.{RSA.sign().rsplit('.', 1)[1]}",
    "alg None": f"{part({'alg': None})}.{part(GOOD)}.AAAA",
    "alg a list": f"{part({'alg': ['RS256']})}.{part(GOOD)}.AAAA",
    "the public PEM as a secret": by_hmac(RSA.public, {"alg": "HS256"}),
    "the public PEM as a secret, stripped": by_hmac(RSA.public.strip(), {"alg": "HS256"}),
    "the EC PEM as a secret": by_hmac(EC.public, {"alg": "HS256"}),
    "the PEM as a secret, called RS256": by_hmac(RSA.public, {"alg": "RS256"}),
    "the secret's signature, called RS256": by_hmac(PLATFORM_SECRET, {"alg": "RS256"}),
    "a key in its own header": by_hmac("mine", {"alg": "HS256", "jwk": {"kty": "oct", "k": "bWluZQ"}}),
    "another RSA key": STRANGER.sign(),
    "RS512 by the right key": jwt.encode(GOOD, RSA.private, algorithm="RS512"),
    "PS256 by name": f"{part({'alg': 'PS256'})}.{RSA.sign().split('.', 1)[1]}",
    "HS512 by the right secret": jwt.encode(GOOD, PLATFORM_SECRET, algorithm="HS512"),
    **{f"without {name}": RSA.sign(drop=(name,)) for name in ("exp", "sub", "iss", "aud", "role")},
    "another audience": RSA.sign(aud="other"),
    "other audiences": RSA.sign(aud=["other", "another"]),
    "an audience that is no text": RSA.sign(aud=7),
    "another issuer": RSA.sign(iss="other"),
    "an issuer that is no text": RSA.sign(iss={"a": 1}),
    "expired": RSA.sign(exp=NOW - 3600),
    "expired just beyond the leeway": RSA.sign(exp=NOW - 11),
    "not yet good": RSA.sign(nbf=NOW + 3600),
    **{
        f"{name} {what}": RSA.sign_exactly({**GOOD, name: value})
        for name in ("exp", "nbf")
        for what, value in (("null", None), ("text", "soon"), ("list", [NOW]), ("document", {}), ("infinite", 1e999))
    },
    "sub null": RSA.sign_exactly({**GOOD, "sub": None}),
    "sub a number": RSA.sign_exactly({**GOOD, "sub": 7}),
    "sub no id": RSA.sign(sub="../sam"),
    "sub with a line's end": RSA.sign(sub="sam\n"),
    "sub too long": RSA.sign(sub="s" * 129),
    "unknown role": RSA.sign(role="root"),
    "a role that is no text": RSA.sign(role={"admin": True}),
    "two roles": RSA.sign(role=["student", "admin"]),
    "a name that is no text": RSA.sign(name={"first": "Sam"}),
    "claims that are no document": by_hmac(PLATFORM_SECRET, {"alg": "HS256"}, [1, 2]),
    "claims too deep": by_hmac(PLATFORM_SECRET, {"alg": "HS256"}, "").replace(part(""), part("") + "W1tb" * 1000),
    "an extension that must be known": by_hmac(PLATFORM_SECRET, {"alg": "HS256", "crit": ["exp"], "exp": 1}),
    "a kid that is no text": by_hmac(PLATFORM_SECRET, {"alg": "HS256", "kid": {"a": 1}}),
    "a kid too long": by_hmac(PLATFORM_SECRET, {"alg": "HS256", "kid": "k" * 300}),
    "truncated": RSA.sign()[:-6],
    "without a signature": RSA.sign().rsplit(".", 1)[0] + ".",
    "two parts": ".".join(RSA.sign().split(".")[:2]),
    "four parts": RSA.sign() + ".AAAA",
    "only dots": "...",
    "a header that is no JSON": "AAAA.AAAA.AAAA",
    "a header too deep": base64.urlsafe_b64encode(b"[" * 4500).decode().rstrip("=") + ".e30.AAAA",
    "changed": ".".join((RSA.sign().split(".")[0], part({**GOOD, "role": "admin"}), RSA.sign().split(".")[2])),
    "unicode": "ჯ.ვ.ტ",
    "emoji": "🔑" * 30,
    "oversized": "a" * 9000,
    "oversized but signed": RSA.sign(name="n" * 9000),
}


@pytest.mark.parametrize("what", WRONG)
def test_anything_else_is_refused_as_a_problem(by_pem: Ask, what: str) -> None:
    answer = by_pem(WRONG[what])
    document = refused(answer, 401, "invalid_jwt")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert WRONG[what][:40] not in document["detail"]


def test_a_pem_may_stand_in_a_file_and_on_one_line(postgres: TestDatabase, tmp_path: Path) -> None:
    file = tmp_path / "platform.pem"
    file.write_text(EC.public)
    for written in (str(file), EC.public.replace("\n", "\\n")):
        assert [key.algorithm for key in _with(postgres, tmp_path, written)] == ["ES256"]


def _with(postgres: TestDatabase, public: Path, pem: str) -> Any:
    return gateway_settings(postgres, public, platform_jwt_public_key=pem).platform_keys


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (RSA.private, "only public keys belong here"),
        (Pair(rsa.generate_private_key(65537, 1024), "RS256").public, "fewer than 2048"),
        (Pair(ec.generate_private_key(ec.SECP384R1()), "ES384").public, "neither RSA nor of the curve P-256"),
        ("/nowhere/platform.pem", "neither a PEM text nor a file"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "cannot be read"),
        ("-----BEGIN PUBLIC KEY-----", "no PEM block"),
    ],
)
def test_a_gateway_does_not_start_with_a_key_that_is_none(
    postgres: TestDatabase, tmp_path: Path, pem: str, why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        _with(postgres, tmp_path, pem)


# --- What the platform calls things ---


def test_claims_and_roles_have_the_platforms_names(postgres: TestDatabase, tmp_path: Path) -> None:
    claims = "user_id=account.id, role=https://school.example/role, name=display"
    roles = "teacher=instructor,learner=student,head=admin"
    theirs = {"account": {"id": "nino-7"}, "https://school.example/role": "teacher", "display": "Nino", "role": "admin"}
    with asking(
        postgres,
        tmp_path,
        platform_jwt_public_key=RSA.public,
        platform_jwt_claims=claims,
        platform_jwt_roles=roles,
        demo_sign_in=True,
    ) as ask:
        document = good(ask(RSA.sign(**theirs, email="nino@school.example")))
        assert document == {
            "userId": "nino-7", "role": "instructor", "name": "Nino", "email": "nino@school.example",
        }  # fmt: skip
        assert good(ask(RSA.sign(**{**theirs, "https://school.example/role": ["x", "learner"]})))["role"] == "student"
        # Once roles are named, ours mean nothing any more; nor does a claim that is not the one that was named.
        for changed in ({"https://school.example/role": "admin"}, {"account": "nino"}, {"account": {"id": 7}}):
            refused(ask(RSA.sign(**{**theirs, **changed})), 401, "invalid_jwt")
        refused(ask(RSA.sign()), 401, "invalid_jwt")
        # What this installation signs itself speaks its own language; only the secret makes it so.
        own = jwt.encode(GOOD, PLATFORM_SECRET, headers={"kid": "lectern"})
        assert good(ask(own))["userId"] == "sam"
        refused(ask(jwt.encode(GOOD, PLATFORM_SECRET)), 401, "invalid_jwt")
        refused(ask(RSA.sign(kid="lectern")), 401, "invalid_jwt")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("platform_jwt_claims", "user=sub"),
        ("platform_jwt_claims", "user_id"),
        ("platform_jwt_roles", "teacher=king"),
        ("platform_jwt_roles", "=admin"),
        ("platform_jwks_url", "http://school.example/jwks.json"),
        ("platform_jwks_url", "ftp://127.0.0.1/jwks.json"),
        ("platform_jwks_url", "file:///etc/passwd"),
        ("platform_jwks_url", "https://"),
        ("platform_jwks_url", "http://127.0.0.1.school.example/"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(
    postgres: TestDatabase, tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(ValidationError, match=name):
        gateway_settings(postgres, tmp_path, **{name: value})


# --- Key sets ---


class KeyServer(StandIn):
    """Publishes ``keys``, or whatever ``answer`` says, and counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[dict[str, Any]] = []
        self.answer: Reply | None = None

    def reply(self, asked: Asked) -> Reply:
        sound = Reply(body=json.dumps({"keys": self.keys}).encode())
        return sound if asked.path == "/elsewhere" else self.answer or sound

    @property
    def fetches(self) -> int:
        return len(self.asked)

    @property
    def address(self) -> str:
        return f"{self.url}/jwks.json"


@pytest.fixture
def published() -> Iterator[KeyServer]:
    with KeyServer() as server, server.serving():
        yield server


def test_keys_rotate_without_a_restart(
    postgres: TestDatabase, tmp_path: Path, published: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "ASK_AGAIN_AFTER", 3600.0)
    old, new, newest = rsa_pair("2025"), ec_pair("2026"), rsa_pair("2027")
    published.keys = [old.jwk()]
    with asking(postgres, tmp_path, platform_jwks_url=published.address) as ask:
        good(ask(old.sign()))
        assert published.fetches == 1
        # Known keys, the secret and our own tokens fetch nothing, however often they come.
        for _ in range(5):
            good(ask(old.sign()))
            good(ask(jwt.encode(GOOD, PLATFORM_SECRET)))
            good(ask(jwt.encode(GOOD, PLATFORM_SECRET, headers={"kid": "whatever"})))
        assert published.fetches == 1

        published.keys = [new.jwk()]
        good(ask(new.sign()))
        assert published.fetches == 2
        refused(ask(old.sign()), 401, "invalid_jwt")

        # Who makes up key ids makes nobody fetch.
        for number in range(20):
            refused(ask(STRANGER.sign(kid=f"made-up-{number}")), 401, "invalid_jwt")
        assert published.fetches == 2
        published.keys = [newest.jwk(), new.jwk()]
        refused(ask(newest.sign()), 401, "invalid_jwt")
        monkeypatch.setattr(jwks, "ASK_AGAIN_AFTER", 0.0)
        good(ask(newest.sign()))
        assert published.fetches == 3


def test_a_key_is_good_under_its_own_id_and_algorithm_only(
    postgres: TestDatabase, tmp_path: Path, published: KeyServer
) -> None:
    first, second = rsa_pair("first"), ec_pair("second")
    published.keys = [first.jwk(), second.jwk(), {"kty": "oct", "kid": "oct", "k": part("x"), "alg": "HS256"}]
    with asking(postgres, tmp_path, platform_jwks_url=published.address) as ask:
        good(ask(first.sign()))
        good(ask(second.sign()))
        # A token need not say by which key it is.
        good(ask(jwt.encode(GOOD, first.private, algorithm="RS256")))
        wrong = {
            "the other's id": first.sign(kid="second"),
            "an id of none": first.sign(kid="third"),
            "an empty id": jwt.encode(GOOD, first.private, algorithm="RS256", headers={"kid": ""}),
            "the public key as a secret": by_hmac(first.public, {"alg": "HS256", "kid": "first"}),
            "a published secret": by_hmac(
                base64.urlsafe_b64decode(part("x") + "=").decode(), {"alg": "HS256", "kid": "oct"}
            ),
            "RS512": jwt.encode(GOOD, first.private, algorithm="RS512", headers={"kid": "first"}),
            "alg none": f"{part({'alg': 'none', 'kid': 'first'})}.{part(GOOD)}.",
            "expired": first.sign(exp=NOW - 60),
            "another audience": second.sign(aud="other"),
        }
        for what, token in wrong.items():
            answer = ask(token)
            assert answer.status_code == 401, what
            refused(answer, 401, "invalid_jwt")


BROKEN: dict[str, Callable[[bytes], Reply]] = {
    "500": lambda keys: Reply(500, keys),
    "no JSON": lambda keys: Reply(body=keys[:-1]),
    "no set": lambda keys: Reply(body=b"[" + keys + b"]"),
    "no keys": lambda _: Reply(body=b'{"keys": []}'),
    "too deep": lambda _: Reply(body=b"[" * 200_000),
    "too large": lambda keys: Reply(body=keys + b" " * jwks.MOST_BYTES),
    "packed": lambda keys: Reply(body=gzip.compress(keys), headers={"Content-Encoding": "gzip"}),
    "moved": lambda _: Reply(302, headers={"Location": "/elsewhere"}),
    "moved for good": lambda _: Reply(308, headers={"Location": "/elsewhere"}),
}
"""Answers of an address that is broken, by what it would have to say: each would let a new key in if it were taken."""


@pytest.mark.parametrize("how", BROKEN)
def test_the_last_good_keys_stay_while_the_address_is_broken(
    postgres: TestDatabase, tmp_path: Path, published: KeyServer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(jwks, "ASK_AGAIN_AFTER", 0.0)
    pair, other = rsa_pair("one"), rsa_pair("two")
    published.keys = [pair.jwk()]
    with asking(postgres, tmp_path, platform_jwks_url=published.address) as ask:
        good(ask(pair.sign()))
        published.keys = [other.jwk()]
        published.answer = BROKEN[how](json.dumps({"keys": published.keys}).encode())
        refused(ask(other.sign()), 401, "invalid_jwt")
        assert published.fetches == 2
        good(ask(pair.sign()))
        # And it is the answer's fault alone.
        published.answer = None
        good(ask(other.sign()))


def test_an_address_that_never_answers_holds_nobody_up_for_long(
    postgres: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "FETCH_TIMEOUT", 0.2)
    # It listens, and that is all.
    with KeyServer() as silent, asking(postgres, tmp_path, platform_jwks_url=silent.address) as ask:
        refused(ask(rsa_pair("one").sign()), 401, "invalid_jwt")
        good(ask(jwt.encode(GOOD, PLATFORM_SECRET)))


def test_an_address_that_is_down_costs_nobody_the_keys(
    postgres: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "ASK_AGAIN_AFTER", 0.0)
    monkeypatch.setattr(jwks, "RETRY_AFTER", 0.05)
    monkeypatch.setattr(jwks, "REFRESH_EVERY", 0.05)
    pair = rsa_pair("one")
    server = KeyServer()
    # It listens, but answers only once it serves.
    with asking(postgres, tmp_path, platform_jwks_url=server.address) as ask:
        good(ask(jwt.encode(GOOD, PLATFORM_SECRET)))
        with server, server.serving():
            server.keys = [pair.jwk()]
            until(lambda: ask(pair.sign()).status_code == 200, "the keys after the address came up")
        refused(ask(STRANGER.sign(kid="two")), 401, "invalid_jwt")
        good(ask(pair.sign()))


def test_a_key_set_is_fetched_anew_now_and_then(
    postgres: TestDatabase, tmp_path: Path, published: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to ask for it: a key that the platform took back is refused soon."""
    monkeypatch.setattr(jwks, "REFRESH_EVERY", 0.05)
    old, new = rsa_pair("old"), rsa_pair("new")
    published.keys = [old.jwk()]
    with asking(postgres, tmp_path, platform_jwks_url=published.address) as ask:
        good(ask(old.sign()))
        published.keys = [new.jwk()]
        until(lambda: ask(old.sign()).status_code == 401, "the refusal of a key that was taken back")


def test_only_keys_that_may_sign_are_taken_from_a_set() -> None:
    pair, small = rsa_pair("good"), Pair(rsa.generate_private_key(65537, 1024), "RS256", "small")
    p384 = Pair(ec.generate_private_key(ec.SECP384R1()), "ES384", "p384")
    odd: list[Any] = [
        pair.jwk(use="enc"), pair.jwk(alg="RS512"), pair.jwk(alg="HS256"), pair.jwk(key_ops=["encrypt"]),
        pair.jwk(kid=7), pair.jwk(n=None), pair.jwk(n="!"), pair.jwk(kty="EC"), pair.jwk(kty=["RSA"]), small.jwk(),
        p384.jwk(), ec_pair("off").jwk(x="AAAA"), {"kty": "oct", "k": "AAAA"}, {}, None, "key", 7,
    ]  # fmt: skip
    assert jwks_keys({"keys": odd}) == ()
    found = jwks_keys({"keys": [*odd, pair.jwk(), pair.jwk(key_ops=["verify"])]})
    assert [(key.kid, key.algorithm) for key in found] == [("good", "RS256")] * 2
    for document in (None, [], {}, {"keys": {}}, "keys"):
        with pytest.raises(ValueError, match="no JWK set"):
            jwks_keys(document)


def test_a_pem_text_may_hold_several_keys() -> None:
    assert [key.algorithm for key in pem_keys(RSA.public + "\n" + EC.public)] == ["RS256", "ES256"]
