"""Ceph's S3 gateway (RGW) as a real server for tests: a monitor, a storage daemon in memory and the gateway, on loopback.

    ceph = find_ceph(tmp_path)          # installed, or fetched by apt-get without installing it; raises NoCeph
    with running_ceph(tmp_path, ceph) as server:
        server.create_bucket("lectern")

Nothing of it needs root, and nothing is installed: packages are taken apart into a folder of the test's own.
"""

import contextlib
import http.client
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.storage import S3Settings
from tests.shared.storage.s3_server import S3Server, free_ports
from tests.support.patience import until

PROGRAMS = ("monmaptool", "ceph-authtool", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin")
PACKAGES = ("ceph-mon", "ceph-osd", "radosgw")
# What these packages want beside libraries: tools for disks and a shell in Python, of which nothing here makes use.
_UNUSED = ("python3", "cryptsetup", "dmeventd", "dmidecode", "gdisk", "hdparm", "lvm2", "nvme-cli", "parted")
_UNUSED += ("smartmontools", "sudo", "uuid-runtime", "xfsprogs", "logrotate")
_PATIENCE = 120.0

# No ceph command: it is Python for the distribution's own interpreter. What it would say, librados says.
_TELL = """
import ctypes, sys
lib = ctypes.CDLL("librados.so.2")
cluster, out, size, err, errsize = (ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_void_p(), ctypes.c_size_t())
assert lib.rados_create(ctypes.byref(cluster), b"admin") == 0
assert lib.rados_conf_read_file(cluster, sys.argv[1].encode()) == 0
assert lib.rados_connect(cluster) == 0
commands = (ctypes.c_char_p * 1)(sys.argv[2].encode())
code = lib.rados_mon_command(cluster, commands, 1, None, 0, ctypes.byref(out), ctypes.byref(size), ctypes.byref(err), ctypes.byref(errsize))
assert code == 0, (code, ctypes.string_at(err, errsize.value))
"""

_CONFIGURATION = """[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon}/0]
mon data = {base}/mon
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = {base}/keyring
osd data = {base}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 10000
osd class dir = {classes}
plugin dir = {plugins}
erasure code dir = {plugins}/erasure-code
run dir = {base}
pid file = {base}/$name.pid
log file = {base}/$name.log
admin socket =
mon cluster log file =
mon cluster log to file = false
rgw frontends = beast endpoint=127.0.0.1:{rgw}
rgw data = {base}/rgw
rgw max listing results = {max_listing}
"""


class NoCeph(Exception):
    """There is none to be had here; the message says why."""


@dataclass(frozen=True)
class Ceph:
    """Where its programs and libraries are. ``root`` is `/` for an installed one."""

    root: Path

    @property
    def libraries(self) -> Path:
        [found] = [file.parent for file in self.root.glob("usr/lib/*/librados.so.2")]
        return found

    def program(self, name: str) -> str:
        return str(self.root / "usr" / "bin" / name)

    @property
    def environment(self) -> dict[str, str]:
        if self.root == Path("/"):
            return dict(os.environ)
        places = [self.libraries, self.libraries / "ceph", self.root / "lib" / self.libraries.name]
        return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, places))}


def find_ceph(folder: Path) -> Ceph:
    """The installed one, else its packages taken apart below ``folder``. Raises NoCeph."""
    if all(Path("/usr/bin", name).exists() for name in PROGRAMS):
        return Ceph(Path("/"))
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NoCeph("Ceph is not installed, and there is no apt-get to fetch it with")
    packages, root = folder / "packages", folder / "ceph"
    packages.mkdir()
    # Who it is asked as makes no difference: it only says what an installation would bring.
    said = _said("apt-get", "install", "--simulate", "--no-install-recommends", "-qq", *PACKAGES, cwd=packages)
    names = [line.split()[1] for line in said.splitlines() if line.startswith("Inst ")]
    _said("apt-get", "download", *[name for name in names if not name.startswith(_UNUSED)], cwd=packages)
    for package in packages.glob("*.deb"):
        _said("dpkg-deb", "--extract", str(package), str(root), cwd=packages)
    found = Ceph(root)
    for name in PROGRAMS:
        _said(found.program(name), "--version", cwd=packages, environment=found.environment)
    return found


def _said(*command: str, cwd: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise NoCeph(f"{' '.join(command[:2])} did not bring Ceph: {done.stderr.strip()[-300:]}")
    return done.stdout


@contextlib.contextmanager
def running_ceph(tmp: Path, ceph: Ceph, *, max_listing: int = 1000) -> Iterator[S3Server]:
    """Start the three daemons with their data under ``tmp``, and stop them at the end."""
    base = tmp / "cluster"
    for name in ("mon", "osd", "rgw"):
        (base / name).mkdir(parents=True)
    mon, rgw = free_ports(2)
    fsid, osd_id = str(uuid.uuid4()), str(uuid.uuid4())
    configuration = base / "ceph.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            fsid=fsid, mon=mon, rgw=rgw, base=base, max_listing=max_listing,
            classes=ceph.libraries / "rados-classes", plugins=ceph.libraries / "ceph",
        )
    )  # fmt: skip
    access, secret = "lectern", os.urandom(16).hex()

    def once(program: str, *arguments: str) -> None:
        command = [program, *arguments]
        done = subprocess.run(
            command, env=ceph.environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-1000:]}{done.stderr[-2000:]}"

    with contextlib.ExitStack() as stack:
        conf = ("-c", str(configuration))
        keys, members = str(base / "keyring"), str(base / "monmap")
        once(ceph.program("ceph-authtool"), "--create-keyring", keys)
        for name in ("mon.", "client.admin", "osd.0"):
            may = ("--cap", "mon", "allow *", "--cap", "osd", "allow *")
            once(ceph.program("ceph-authtool"), keys, "--gen-key", "-n", name, *may)
        once(ceph.program("monmaptool"), "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{mon}]", members)
        once(ceph.program("ceph-mon"), "--mkfs", "-i", "a", "--monmap", members, "--keyring", keys, *conf)
        stack.enter_context(_daemon(ceph, base, "ceph-mon", "-f", "-i", "a", *conf))
        once(sys.executable, "-c", _TELL, str(configuration), f'{{"prefix": "osd new", "uuid": "{osd_id}"}}')
        once(ceph.program("ceph-osd"), "--mkfs", "-i", "0", "--osd-uuid", osd_id, *conf)
        stack.enter_context(_daemon(ceph, base, "ceph-osd", "-f", "-i", "0", *conf))
        account = ("--uid", "lectern", "--display-name", "lectern", "--access-key", access, "--secret-key", secret)
        once(ceph.program("radosgw-admin"), "user", "create", *account, *conf)
        gateway = stack.enter_context(_daemon(ceph, base, "radosgw", "-f", "-n", "client.admin", *conf))
        until(lambda: gateway.poll() is not None or _answers(rgw), "RGW answers", patience=_PATIENCE)
        assert gateway.poll() is None, (base / "radosgw.out").read_text()[-2000:]
        settings = S3Settings(
            endpoint_url=f"http://127.0.0.1:{rgw}", region="us-east-1", access_key_id=access, secret_access_key=secret
        )
        yield S3Server(settings, "127.0.0.1", rgw)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    return False


@contextlib.contextmanager
def _daemon(ceph: Ceph, base: Path, program: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [ceph.program(program), *arguments]
    with (base / f"{program}.out").open("wb") as log:
        process = subprocess.Popen(
            command, env=ceph.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
