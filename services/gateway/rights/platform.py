"""One question to the platform at ENTITLEMENT_URL, signed, with little patience."""

import hashlib
import hmac
import json
import logging
import time
from urllib.parse import urlsplit

import aiohttp
from pydantic import ValidationError

from services.gateway.identity.jwks import checked_url, is_loopback
from services.gateway.rights.schemas import PlatformQuestion, PlatformWord, Question
from shared.observability import request_id

log = logging.getLogger(__name__)

TIMEOUT = 2.5
MOST_BYTES = 64 * 1024
MOST_REASON = 200
SIGNATURE_HEADER = "Lectern-Signature"


class Unavailable(Exception):
    """The platform gave no answer that can be understood. ``away`` where it gave none at all."""

    def __init__(self, why: str, *, away: bool) -> None:
        super().__init__(why)
        self.away = away


def signature(secret: bytes, body: bytes, at: int) -> str:
    """``t=<unix seconds>,v1=<hex>``: HMAC-SHA256 of the seconds, a dot and the body. Other versions may be added."""
    made = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"


class PlatformClient:
    """``url`` is https, or http on this machine."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = checked_url(url)
        self._secret = secret.encode()
        self._client: aiohttp.ClientSession | None = None

    async def ask(self, question: Question) -> PlatformWord:
        """The platform's word. Raises Unavailable."""
        body = PlatformQuestion(
            user_id=question.user_id,
            course_id=question.course_id,
            chapter_id=question.chapter_id,
            video_id=str(question.video_id) if question.video_id else None,
        ).model_dump_json(by_alias=True)
        try:
            said = await self._post(body.encode())
            word = PlatformWord.model_validate(json.loads(said))
        except (TimeoutError, aiohttp.ClientError) as error:
            # Without its text, in which the address may stand, and with it a secret.
            raise Unavailable(type(error).__name__, away=True) from None
        except ValidationError:
            raise Unavailable("its answer has no boolean allowed, or a wrong reason or until", away=False) from None
        except (ValueError, RecursionError):
            raise Unavailable("its answer is no JSON", away=False) from None
        return word.model_copy(update={"reason": word.reason[:MOST_REASON]}) if word.reason else word

    async def _post(self, body: bytes) -> bytes:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "X-Request-Id": request_id(),
            SIGNATURE_HEADER: signature(self._secret, body, int(time.time())),
        }
        async with self._session().post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200:
                raise Unavailable(f"its answer is {answer.status}", away=answer.status >= 500)
            said = bytearray()
            async for piece in answer.content.iter_chunked(16 * 1024):
                said += piece
                if len(said) > MOST_BYTES:
                    raise Unavailable(f"its answer has more than {MOST_BYTES} bytes", away=False)
            return bytes(said)

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
                # What is on this machine is not asked for through a proxy.
                trust_env=not is_loopback(urlsplit(self._url).hostname),
                auto_decompress=False,
            )
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
