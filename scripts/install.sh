#!/usr/bin/env bash
# Make the virtual environment $1 from the lock file, after the system packages it needs.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}

fail() {
    echo "robot_runtime: $*" >&2
    exit 1
}

find_python() {
    local name
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
            2> /dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

has_library() { "$python" -c "import ctypes; ctypes.CDLL('$1')" 2> /dev/null; }

has_file() { compgen -G "$1" > /dev/null; }

missing_packages() {
    # ensurepip is a Debian package of its own.
    "$python" -c 'import ensurepip, venv' 2> /dev/null ||
        echo "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    # The threads of pinocchio.
    has_library libgomp.so.1 || echo libgomp1
    # MuJoCo renders the cameras through EGL.
    has_library libEGL.so.1 || echo libegl1
    has_library libGL.so.1 || echo libgl1
    has_library libOpenGL.so.0 || echo libopengl0
    # A driver behind EGL: a graphics card's own, or Mesa's in software.
    if ! has_file '/usr/share/glvnd/egl_vendor.d/*nvidia*.json'; then
        has_library libEGL_mesa.so.0 || echo libegl-mesa0
        has_file '/usr/lib/*/dri/*swrast_dri.so' || echo libgl1-mesa-dri
    fi
}

install_packages() {
    local packages=("$@")
    command -v apt-get > /dev/null || fail "these libraries are missing (Debian's names):" \
        "${packages[*]}. Install them with this system's package manager and run make again."
    if [ "$(id -u)" -ne 0 ]; then
        fail "system packages are missing, and installing them needs root. Run this line," \
            "then make again:
    sudo apt-get update && sudo apt-get install --no-install-recommends -y ${packages[*]}"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -q -y --no-install-recommends "${packages[@]}"
}

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
    fail "the ROS 2 wheels exist for Linux on x86-64, not for $(uname -s) on $(uname -m)."
python=$(find_python) || fail "Python 3.11, 3.12 or 3.13 is needed and none was found." \
    "Install one (Debian 12: apt-get install python3 python3-venv), or name it: make PYTHON=..."

mapfile -t packages < <(missing_packages)
[ ${#packages[@]} -eq 0 ] || install_packages "${packages[@]}"

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1
pip=("$venv/bin/python" -m pip install -qq)
echo "robot_runtime: installing the pinned dependencies into $venv"
# Some packages come as source only: they are built with the pinned tools, not with the newest.
"${pip[@]}" --require-hashes -r requirements/build.txt
"${pip[@]}" --require-hashes --no-build-isolation -r requirements/requirements.txt
"${pip[@]}" --no-deps --no-build-isolation --editable .
# Compiled here, so that the first start of the loop finds its arithmetic on disk.
"$venv/bin/python" -c 'import robot_runtime.core.ahead, robot_runtime.core.limits'
