"""Where packages come from, and uv's wheel from there: against an index that listens here."""

import base64
import hashlib
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded.problem import SetupProblemError
from deploy.embedded.setup import uv as uv_setup
from deploy.embedded.setup.index import Index, Link, parse_html, parse_json
from deploy.embedded.setup.pipconfig import PUBLIC_INDEX, PackageSources, package_sources
from deploy.embedded.setup.uv import choose_wheel, find_or_fetch_uv, supported_tags
from tests.support.served import Asked, Reply, StandIn

pytestmark = pytest.mark.usefixtures("bare_machine")
FAKE_UV = "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'uv 9.9.9'; exit; fi\n"


def wheel_name() -> str:
    return f"uv-9.9.9-py3-none-{supported_tags()[0]}.whl"


def make_wheel(directory: Path, script: str = FAKE_UV) -> Path:
    """A wheel as uv's own, with a shell script for a program."""
    path = directory / wheel_name()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("uv-9.9.9.data/scripts/uv", script)
    return path


class IndexServer(StandIn):
    """A package index for one wheel, in HTML or JSON, open or behind a password."""

    def __init__(self, wheel: Path) -> None:
        super().__init__()
        self.wheel = wheel.read_bytes()
        self.sha256 = hashlib.sha256(self.wheel).hexdigest()
        self.as_json = False
        self.password: str | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def reply(self, asked: Asked) -> Reply:
        expected = self.password and "Basic " + base64.b64encode(self.password.encode()).decode()
        if expected and asked.headers.get("Authorization") != expected:
            return Reply(401)
        if asked.path == "/simple/uv/":
            return self._page()
        if asked.path.endswith(".whl"):
            return Reply(200, self.wheel, {"Content-Type": "application/octet-stream"})
        return Reply(404)

    def _page(self) -> Reply:
        name = wheel_name()
        if self.as_json:
            files = [{"filename": name, "url": f"../../files/{name}", "hashes": {"sha256": self.sha256}}]
            document = json.dumps({"meta": {"api-version": "1.1"}, "name": "uv", "files": files})
            return Reply(200, document.encode(), {"Content-Type": "application/vnd.pypi.simple.v1+json"})
        page = f'<!DOCTYPE html><a href="../../files/{name}#sha256={self.sha256}">{name}</a>'
        return Reply(200, page.encode(), {"Content-Type": "text/html"})


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    with IndexServer(make_wheel(tmp_path)) as server, server.serving():
        yield server


def sources(tmp_path: Path, **environ: str) -> PackageSources:
    return package_sources({"PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path), **environ}, tmp_path)


def test_sources_by_default_are_the_public_ones(tmp_path: Path) -> None:
    found = sources(tmp_path)
    assert (found.index, found.is_public, found.uv_environment({})) == (PUBLIC_INDEX, True, {})


def test_what_uv_is_told_wins_over_what_pip_is_told(tmp_path: Path) -> None:
    pip = {"PIP_INDEX_URL": "https://pip.example/simple/"}
    assert sources(tmp_path, **pip).index == "https://pip.example/simple"
    assert sources(tmp_path, **pip, UV_INDEX_URL="https://old.example").index == "https://old.example"
    assert sources(tmp_path, **pip, UV_DEFAULT_INDEX="work=https://new.example").index == "https://new.example"


def test_pip_configuration_is_read_from_its_files_and_handed_to_uv(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    general, special = tmp_path / "xdg/pip", tmp_path / ".config/pip"
    general.mkdir(parents=True)
    special.mkdir(parents=True)
    (general / "pip.conf").write_text("[global]\nindex-url = https://general.example/simple\ntrusted-host = a b\n")
    (special / "pip.conf").write_text(
        f"[global]\ncert = {bundle}\nindex_url = https://u:p@special.example/simple\n"
        "[install]\nfind-links =\n    /wheels\n    https://links.example\n"
    )
    found = package_sources({"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}, tmp_path)
    assert found.index == "https://u:p@special.example/simple"
    assert found.shown_index == "https://special.example/simple"
    assert not found.is_public
    told = found.uv_environment({"UV_FIND_LINKS": "mine"})
    assert told["UV_DEFAULT_INDEX"] == found.index
    assert told["SSL_CERT_FILE"] == str(bundle)
    assert told["UV_INSECURE_HOST"].split() == ["a", "b"]
    assert "UV_FIND_LINKS" not in told, "what the user told uv stays"


def test_uv_configuration_files_count(tmp_path: Path) -> None:
    (tmp_path / ".config/uv").mkdir(parents=True)
    (tmp_path / ".config/uv/uv.toml").write_text('[[index]]\nurl = "https://mirror.example/simple"\ndefault = true\n')
    assert sources(tmp_path).index == "https://mirror.example/simple"


def test_pages_are_read_as_html_and_as_json() -> None:
    base = "https://index.example/simple/uv/"
    page = b'<a href="../../f/uv-1-py3-none-any.whl#sha256=ab">x</a><a data-yanked="bad" href="https://o.example/u.whl">y</a>'
    assert parse_html(page, base) == [
        Link("uv-1-py3-none-any.whl", "https://index.example/f/uv-1-py3-none-any.whl", "ab"),
        Link("u.whl", "https://o.example/u.whl", None, yanked=True),
    ]
    files = [{"filename": "uv-1.whl", "url": "/f/uv-1.whl", "hashes": {"sha256": "ab"}, "yanked": "bad"}]
    assert parse_json(json.dumps({"files": files}).encode(), base) == [
        Link("uv-1.whl", "https://index.example/f/uv-1.whl", "ab", yanked=True)
    ]
    with pytest.raises(SetupProblemError, match="did not answer as a package index does"):
        parse_json(b"<html>", base)


def test_the_newest_released_wheel_for_this_system_is_chosen() -> None:
    def link(version: str, tag: str, *, yanked: bool = False, sha256: str | None = "ab") -> Link:
        return Link(f"uv-{version}-py3-none-{tag}.whl", "", sha256, yanked)

    tags = ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    right = link("0.10.2", "manylinux_2_17_x86_64.manylinux2014_x86_64")
    others = [
        link("0.9.30", "manylinux_2_28_x86_64"),
        link("0.10.10", "manylinux_2_17_aarch64"),
        link("0.10.11", "manylinux_2_17_x86_64", yanked=True),
        link("0.10.12", "manylinux_2_17_x86_64", sha256=None),
        link("0.11.0rc1", "manylinux_2_17_x86_64"),
        link("0.1.0", "manylinux_2_28_x86_64"),
    ]
    assert choose_wheel([*others, right], tags) == right
    assert choose_wheel(others[1:], tags) is None


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("password", [None, "nino:p@ss"])
def test_uv_is_fetched_once_and_runs(index: IndexServer, tmp_path: Path, as_json: bool, password: str | None) -> None:
    index.as_json, index.password = as_json, password
    login = "nino:p%40ss@" if password else ""
    where = PackageSources(index=f"http://{login}{index.host}/simple")
    program = find_or_fetch_uv(tmp_path / "checkout", where)
    assert program == tmp_path / "checkout/.tools/uv/uv"
    assert subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout == "uv 9.9.9\n"
    asked = len(index.asked)
    assert find_or_fetch_uv(tmp_path / "checkout", where) == program
    assert len(index.asked) == asked
    assert [path.name for path in program.parent.iterdir()] == ["uv"]


def test_a_wheel_that_is_not_what_the_index_promised_is_refused(index: IndexServer, tmp_path: Path) -> None:
    index.sha256 = "0" * 64
    with pytest.raises(SetupProblemError, match="sha256 differs"):
        find_or_fetch_uv(tmp_path, PackageSources(index=f"http://{index.host}/simple"))
    assert not (tmp_path / ".tools/uv/uv").exists()


def test_a_wheel_may_lie_in_a_directory(tmp_path: Path) -> None:
    make_wheel(tmp_path)
    links = Index(PackageSources(index=tmp_path.as_uri(), find_links=(str(tmp_path),))).links("uv")
    assert choose_wheel(links, supported_tags()) is not None


def test_an_index_without_uv_is_told(index: IndexServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv_setup, "supported_tags", lambda: ["amiga_m68k"])
    with pytest.raises(SetupProblemError, match="has no uv for this system"):
        find_or_fetch_uv(tmp_path, PackageSources(index=f"http://{index.host}/simple"))
