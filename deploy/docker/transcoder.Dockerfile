# The transcoder, and its worker: the same image with the command python -m services.transcoder.worker.
# docker build -f deploy/docker/transcoder.Dockerfile .

FROM python:3.12.12-slim-trixie AS build
# A company's own mirror, where there is one: --build-arg. Unset, the tools ask the public registries.
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/lectern \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1
WORKDIR /src
# First what changes seldom. No default groups: the servers that `make run` needs as wheels are containers here.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups --no-install-project
# FFmpeg is the one thing of the "embedded" group that is wanted here, at the version and hash of uv.lock. Why this wheel
# and not Debian's ffmpeg package: it is the very build (FFmpeg 9) that all our tests run against, with libx264, AAC and
# the zscale filter (zimg) that HDR films need beside tonemap; it is one file of 170 MB that needs glibc, where Debian's
# brings two hundred packages; and x86-64 and arm64 get the same one.
RUN uv export --frozen --only-group embedded --no-emit-project --no-annotate --output-file /tmp/embedded.txt \
    && awk '/^[a-z]/ {keep = /^imageio-ffmpeg==/} keep' /tmp/embedded.txt > /tmp/ffmpeg.txt \
    && uv pip install --python /opt/lectern/bin/python --no-deps --require-hashes -r /tmp/ffmpeg.txt \
    && ln -s "$(/opt/lectern/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')" /opt/lectern/bin/ffmpeg \
    && /opt/lectern/bin/ffmpeg -hide_banner -filters > /tmp/filters.txt \
    && grep -q zscale /tmp/filters.txt
COPY README.md ./
COPY cli cli
COPY deploy deploy
COPY shared shared
COPY services services
RUN uv sync --frozen --no-default-groups --no-editable --inexact

FROM python:3.12.12-slim-trixie
RUN groupadd --system --gid 10001 lectern \
    && useradd --system --uid 10001 --gid lectern --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin lectern \
    && install --directory --owner=lectern --group=lectern /work
COPY --from=build /opt/lectern /opt/lectern
COPY deploy/docker/healthcheck.py /opt/lectern/healthcheck.py
# No bytecode is written at run time: the root file system may be read-only. /tmp is all that has to be writable.
ENV PATH=/opt/lectern/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LISTEN_HOST=0.0.0.0 \
    LISTEN_PORT=8000 \
    FFMPEG_PATH=/opt/lectern/bin/ffmpeg \
    WORK_DIR=/work
WORKDIR /opt/lectern
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "/opt/lectern/healthcheck.py"]
CMD ["python", "-m", "services.transcoder"]
