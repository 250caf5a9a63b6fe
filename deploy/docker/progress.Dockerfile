# Progress, its worker (python -m services.progress.worker) and the migration: the same image with other commands.
# docker build -f deploy/docker/progress.Dockerfile .

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
# PyAV (100 MB) is for probing films, which only the transcoder does.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups --no-install-project --no-install-package av
COPY README.md ./
COPY cli cli
COPY deploy deploy
COPY shared shared
COPY services services
RUN uv sync --frozen --no-default-groups --no-editable --no-install-package av

FROM python:3.12.12-slim-trixie
RUN groupadd --system --gid 10001 lectern \
    && useradd --system --uid 10001 --gid lectern --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin lectern
COPY --from=build /opt/lectern /opt/lectern
COPY deploy/docker/healthcheck.py /opt/lectern/healthcheck.py
# No bytecode is written at run time: the root file system may be read-only. /tmp is all that has to be writable.
ENV PATH=/opt/lectern/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LISTEN_HOST=0.0.0.0 \
    LISTEN_PORT=8000
WORKDIR /opt/lectern
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "/opt/lectern/healthcheck.py"]
CMD ["python", "-m", "services.progress"]
