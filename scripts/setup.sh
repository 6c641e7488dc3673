#!/usr/bin/env bash
# Makes .venv ready: Python, system libraries, pinned packages, this package (editable).
#
#   bash scripts/setup.sh            set up; nothing to do (and no network) when it is already done
#   PYTHON=/usr/bin/python3.12 ...   use that interpreter
#
# scripts/demo.sh and scripts/test.sh run it first; it may also be run alone, from any directory.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
stamp=$venv/.ssp_sam_setup

say() { printf '[setup] %s\n' "$*"; }
die() { printf '[setup] error: %s\n' "$*" >&2; exit 1; }

# The versions in constraints.txt were resolved for these.
supported() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        supported "$PYTHON" || die "PYTHON=$PYTHON is not a Python 3.10, 3.11, 3.12 or 3.13"
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3 python3.12 python3.11 python3.10 python3.13; do
        if command -v "$candidate" >/dev/null 2>&1 && supported "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

# apt_install PACKAGE...: true when they are installed afterwards; says what to run when it may not.
apt_install() {
    if ! command -v apt-get >/dev/null 2>&1; then
        say "this system has no apt-get; install what Debian calls: $*"
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        say "please run: sudo apt-get install -y $*"
        return 1
    fi
    say "apt-get install $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 && return
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The simulator renders off screen through EGL. Nothing else needs these, so their absence is no error.
install_libraries() {
    local missing=() package
    if command -v dpkg-query >/dev/null 2>&1; then
        for package in libegl1 libgl1-mesa-dri libgles2; do
            dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
                missing+=("$package")
        done
    elif ! ldconfig -p 2>/dev/null | grep -q 'libEGL\.so\.1'; then
        missing=(libegl1 libgl1-mesa-dri libgles2)
    fi
    [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}" ||
        say "going on without ${missing[*]}: the simulator will not render, everything else works"
}

# What the environment was made from; the folder counts because an editable install points into it.
fingerprint() {
    {
        printf '%s\n' "$root"
        cat "$root/setup.py" "$root/setup.cfg" "$root/constraints.txt" "$root/scripts/setup.sh"
        "$venv/bin/python" -c 'import sys; print(sys.version)' 2>/dev/null || echo "no interpreter"
    } | sha256sum | cut -d ' ' -f 1
}

ready() { [ -x "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ]; }

make_venv() {
    local python version
    if [ -x "$venv/bin/python" ] && supported "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    python=$(find_python)
    if [ -z "$python" ]; then
        apt_install python3 python3-venv || die "Python (3.10 to 3.13) is missing"
        python=$(find_python)
        [ -n "$python" ] || die "this system's python3 is not one of 3.10 to 3.13; set PYTHON to one that is"
    fi
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        apt_install "$version-venv" || apt_install python3-venv || die "$python cannot make virtual environments"
    fi
    say "$("$python" --version) at $python -> .venv"
    "$python" -m venv --clear "$venv"
}

install_packages() {
    local log=$venv/setup.log
    local install=("$venv/bin/python" -m pip install --disable-pip-version-check --constraint "$root/constraints.txt")
    say "installing the pinned packages (1.6 GB with a CPU build of PyTorch); log: .venv/setup.log"
    # The build back end comes from the pins too, hence no isolated build environment.
    if ! { "${install[@]}" setuptools wheel &&
           "${install[@]}" --no-build-isolation --editable "$root[all]"; } >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        die "pip could not install the packages (the whole log: $log)"
    fi
}

# Two commands started at once take turns.
if command -v flock >/dev/null 2>&1; then
    exec 9<"$root/constraints.txt"
    flock 9
fi

if ready; then
    exit 0
fi
started=$SECONDS
install_libraries
make_venv
install_packages
fingerprint >"$stamp"
say "ready after $((SECONDS - started)) s"
