"""The simple repository API, as far as one wheel needs it: PEP 503 (HTML), PEP 691 (JSON), find-links pages."""

import base64
import hashlib
import html.parser
import json
import netrc
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from deploy.embedded.problem import SetupProblemError
from deploy.embedded.setup.pipconfig import PackageSources

_PATIENCE = 60
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


@dataclass(frozen=True)
class Link:
    """A file an index offers. `sha256` is None where the index does not tell it; then the file is not taken."""

    name: str
    url: str
    sha256: str | None
    yanked: bool = False


class Index:
    """Asks the configured sources. Every method raises SetupProblemError when a source cannot be reached."""

    def __init__(self, sources: PackageSources) -> None:
        self._sources = sources
        context = ssl.create_default_context(cafile=sources.certificates)
        self._opener = self._build_opener(context)
        careless = ssl.create_default_context()
        careless.check_hostname = False
        careless.verify_mode = ssl.CERT_NONE
        self._careless = self._build_opener(careless)

    def links(self, project: str) -> list[Link]:
        """All files of a project, from the main index and the further ones. A source without it adds none."""
        found: list[Link] = []
        for index in (self._sources.index, *self._sources.extra_indexes):
            found += self._page(f"{index.rstrip('/')}/{project}/", optional=index != self._sources.index)
        for place in self._sources.find_links:
            directory = Path(unquote(urlsplit(place).path)) if place.startswith("file:") else Path(place)
            if "://" not in place or place.startswith("file:"):
                found += _directory_links(directory)
            else:
                found += self._page(place, optional=True)
        return [link for link in found if link.name.lower().replace("_", "-").startswith(f"{project}-")]

    def download(self, link: Link, target: Path) -> None:
        """Writes the file once its digest is right. Raises SetupProblemError otherwise."""
        data = self._get(link.url)[0]
        if link.sha256 is None or hashlib.sha256(data).hexdigest() != link.sha256.lower():
            raise SetupProblemError(
                f"{link.name} from {self._sources.shown_index} is not what the index promised (its sha256 differs): "
                f"try again, or set UV_DEFAULT_INDEX to an index you trust."
            )
        target.write_bytes(data)

    def _page(self, url: str, *, optional: bool) -> list[Link]:
        if url.startswith("file:"):
            return _local_page(url)
        try:
            data, kind, final = self._get_with_type(url)
        except urllib.error.HTTPError as error:
            if error.code == 404 or optional:
                return []
            raise self._unreachable(url, f"it answered {error.code}") from error
        except (OSError, ValueError) as error:
            if optional:
                return []
            raise self._unreachable(url, _reason(error)) from error
        return parse_json(data, final) if "json" in kind else parse_html(data, final)

    def _get(self, url: str) -> tuple[bytes, str]:
        try:
            data, kind, _ = self._get_with_type(url)
        except (OSError, ValueError) as error:
            raise self._unreachable(url, _reason(error)) from error
        return data, kind

    def _get_with_type(self, url: str) -> tuple[bytes, str, str]:
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        request = urllib.request.Request(parts._replace(netloc=host).geturl(), headers={"Accept": _ACCEPT})  # noqa: S310
        credentials = unquote(user) or _from_netrc(parts.hostname or "")
        if credentials:
            token = base64.b64encode(credentials.encode()).decode()
            # "unredirected": a redirect to another host does not get our password.
            request.add_unredirected_header("Authorization", f"Basic {token}")
        trusted = {parts.hostname, host} & set(self._sources.trusted_hosts)
        opener = self._careless if trusted else self._opener
        with opener.open(request, timeout=_PATIENCE) as answer:
            final = urlsplit(answer.geturl())
            # Files of the same host need the same credentials.
            keep = final._replace(netloc=f"{user}@{final.netloc}") if user and final.netloc == host else final
            return answer.read(), answer.headers.get("Content-Type", ""), keep.geturl()

    def _build_opener(self, context: ssl.SSLContext) -> urllib.request.OpenerDirector:
        handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=context)]
        if self._sources.proxy:
            proxy = self._sources.proxy
            handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
        return urllib.request.build_opener(*handlers)

    def _unreachable(self, url: str, reason: str) -> SetupProblemError:
        host = urlsplit(url).hostname or url
        return SetupProblemError(
            f"The package registry {host} cannot be reached ({reason}): check the network and its proxy, or set "
            f"UV_DEFAULT_INDEX to a mirror that you can reach."
        )


def parse_json(data: bytes, base: str) -> list[Link]:
    """A PEP 691 page."""
    try:
        files = json.loads(data)["files"]
    except (ValueError, KeyError, TypeError) as error:
        raise SetupProblemError(
            f"{base} did not answer as a package index does: set UV_DEFAULT_INDEX to one that does."
        ) from error
    return [
        Link(one["filename"], urljoin(base, one["url"]), one.get("hashes", {}).get("sha256"), bool(one.get("yanked")))
        for one in files
    ]


def parse_html(data: bytes, base: str) -> list[Link]:
    """A PEP 503 page, or any page with links to files."""
    parser = _Anchors(base)
    parser.feed(data.decode("utf-8", "replace"))
    return parser.links


class _Anchors(html.parser.HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.links: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        target = values.get("href")
        if tag == "base" and target:
            self._base = urljoin(self._base, target)
        if tag != "a" or not target:
            return
        url, fragment = urldefrag(urljoin(self._base, target))
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        digest = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
        self.links.append(Link(name, url, digest, "data-yanked" in values))


def _local_page(url: str) -> list[Link]:
    directory = Path(unquote(urlsplit(url).path))
    page = directory / "index.html"
    if page.is_file():
        return parse_html(page.read_bytes(), directory.as_uri() + "/")
    return _directory_links(directory)


def _directory_links(directory: Path) -> list[Link]:
    """Wheels in a directory of this machine: what they should be is told by nobody but themselves."""
    if not directory.is_dir():
        return []
    wheels = sorted(path for path in directory.glob("uv-*.whl") if path.is_file())
    return [Link(path.name, path.as_uri(), hashlib.sha256(path.read_bytes()).hexdigest()) for path in wheels]


def _from_netrc(host: str) -> str:
    try:
        found = netrc.netrc().authenticators(host)
    except (OSError, netrc.NetrcParseError, KeyError):
        return ""
    return f"{found[0]}:{found[2]}" if found else ""


def _reason(error: Exception) -> str:
    inner = getattr(error, "reason", None)
    return str(inner or error)
