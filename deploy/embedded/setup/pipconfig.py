"""Where packages come from on this machine: what uv is told, else what pip is configured with, else PyPI.

uv does not read pip's configuration, and on many machines that is the only place a company's mirror or certificate is
written down. So what pip would use is handed to uv, unless uv was told something itself.
"""

import configparser
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PUBLIC_INDEX = "https://pypi.org/simple"


@dataclass(frozen=True)
class PackageSources:
    """`index` is the main one; a URL may hold credentials, so it is shown to nobody as it is."""

    index: str = PUBLIC_INDEX
    extra_indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    certificates: str | None = None
    proxy: str | None = None
    trusted_hosts: tuple[str, ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether packages come from the place the lock file names."""
        return urlsplit(self.index).hostname == urlsplit(PUBLIC_INDEX).hostname

    @property
    def shown_index(self) -> str:
        parts = urlsplit(self.index)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def uv_environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What uv has to be told beside its own environment, which wins."""
        told = {"UV_DEFAULT_INDEX": self.index} if self.index != PUBLIC_INDEX else {}
        if self.extra_indexes:
            told["UV_INDEX"] = " ".join(self.extra_indexes)
        if self.find_links:
            told["UV_FIND_LINKS"] = ",".join(self.find_links)
        if self.certificates:
            told["SSL_CERT_FILE"] = self.certificates
        if self.trusted_hosts:
            told["UV_INSECURE_HOST"] = " ".join(self.trusted_hosts)
        if self.proxy:
            told |= {"HTTP_PROXY": self.proxy, "HTTPS_PROXY": self.proxy}
        return {name: value for name, value in told.items() if name not in environ}


def package_sources(environ: Mapping[str, str], home: Path | None = None) -> PackageSources:
    """Reads the environment and the configuration files of uv and pip, in the order those tools do."""
    pip = _pip_settings(environ, home)
    uv_index, uv_extra = _uv_indexes(environ, home)
    certificates = environ.get("SSL_CERT_FILE") or pip.get("cert") or None
    return PackageSources(
        index=(uv_index or pip.get("index-url") or PUBLIC_INDEX).rstrip("/"),
        extra_indexes=uv_extra or tuple(pip.get("extra-index-url", "").split()),
        find_links=tuple(pip.get("find-links", "").split()),
        certificates=certificates if certificates and Path(certificates).is_file() else None,
        proxy=pip.get("proxy") or None,
        trusted_hosts=tuple(pip.get("trusted-host", "").split()),
    )


def _uv_indexes(environ: Mapping[str, str], home: Path | None) -> tuple[str | None, tuple[str, ...]]:
    """uv's default index and its further ones, from its environment, else from its configuration files."""
    index = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL")
    extra = tuple((environ.get("UV_INDEX") or environ.get("UV_EXTRA_INDEX_URL") or "").split())
    if index or extra:
        # An index may be named: name=https://...
        return (_unnamed(index) if index else None), tuple(_unnamed(one) for one in extra)
    for path in (_config_home(environ, home) / "uv/uv.toml", Path("/etc/uv/uv.toml")):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        tables = [one for one in document.get("index", []) if isinstance(one, dict) and "url" in one]
        default = next((str(one["url"]) for one in tables if one.get("default")), None)
        others = tuple(str(one["url"]) for one in tables if not one.get("default"))
        return default or document.get("index-url"), others or tuple(document.get("extra-index-url", ()))
    return None, ()


def _unnamed(index: str) -> str:
    name, separator, url = index.partition("=")
    return url if separator and name.replace("-", "").replace("_", "").isalnum() else index


def _pip_settings(environ: Mapping[str, str], home: Path | None) -> dict[str, str]:
    """pip's options: its files from the most general to the most special, then PIP_*."""
    found: dict[str, str] = {}
    for path in _pip_files(environ, home):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found |= {name.replace("_", "-"): " ".join(value.split()) for name, value in parser.items(section)}
    for name in ("index-url", "extra-index-url", "find-links", "cert", "proxy", "trusted-host"):
        value = environ.get("PIP_" + name.replace("-", "_").upper())
        if value:
            found[name] = value
    return found


def _pip_files(environ: Mapping[str, str], home: Path | None) -> list[Path]:
    chosen = environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    directories = [Path(one) for one in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":") if one]
    files = [directory / "pip/pip.conf" for directory in directories] + [Path("/etc/pip.conf")]
    user = _home(environ, home)
    if sys.platform == "darwin":
        files += [Path("/Library/Application Support/pip/pip.conf"), user / "Library/Application Support/pip/pip.conf"]
    files += [user / ".pip/pip.conf", _config_home(environ, home) / "pip/pip.conf", Path(sys.prefix) / "pip.conf"]
    return files + ([Path(chosen)] if chosen else [])


def _home(environ: Mapping[str, str], home: Path | None) -> Path:
    return home or Path(environ.get("HOME") or "/")


def _config_home(environ: Mapping[str, str], home: Path | None) -> Path:
    return Path(environ.get("XDG_CONFIG_HOME") or _home(environ, home) / ".config")
