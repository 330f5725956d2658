# Sourced by the other scripts: a virtual environment in the checkout with everything a contributor needs.
# uv makes it if it is there, else venv and pip. Nothing outside .venv is touched; a second run does nothing.
set -euo pipefail
CDPATH="" cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
wanted="$(cat pyproject.toml scripts/environment.sh | cksum)"
if [ "$(cat .venv/.made-for 2>/dev/null || true)" != "$wanted" ]; then
    echo "setting up .venv …" >&2
    if command -v uv >/dev/null; then
        export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 # certificates of this machine, also behind a company's proxy
        uv venv --quiet --allow-existing .venv
        VIRTUAL_ENV="$PWD/.venv" uv pip install --quiet --editable . --group dev
    else
        python="$(command -v python3 || command -v python)"
        "$python" -I -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
        "$python" -I -m venv .venv
        .venv/bin/python -I -m pip install --quiet --disable-pip-version-check --upgrade pip
        .venv/bin/python -I -m pip install --quiet --disable-pip-version-check --editable . --group dev
    fi
    echo "$wanted" > .venv/.made-for
fi
export PATH="$PWD/.venv/bin:$PATH"
