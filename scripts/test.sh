#!/usr/bin/env bash
# Sets up and runs the tests. What needs ROS 2, a GPU or a renderer that is not here is skipped, and said so.
#
#   bash scripts/test.sh                 all tests
#   bash scripts/test.sh -m parity       arguments go to pytest
#
# Where ROS 2 and the built workspace are sourced and the environment of docs/install.md is active, the tests
# of the rclpy node run too, all with that environment's Python. Else everything runs in .venv.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '[test] %s\n' "$*" >&2; }

# missing PYTHON: the first of what the tests of the rclpy node need that it cannot import; nothing if all is there.
missing() {
    local module
    for module in rclpy launch_testing ssp_sam_msgs torch pytest; do
        "$1" -c "import $module" >/dev/null 2>&1 || { printf '%s\n' "$module"; return; }
    done
}

python=
if [ -z "${AMENT_PREFIX_PATH:-}" ]; then
    say "no ROS 2 is sourced: the tests of the rclpy node are skipped"
elif lacking=$(missing python3); [ -z "$lacking" ]; then
    python=$(command -v python3)
    say "ROS 2 is sourced: the tests of the rclpy node run, with $python"
else
    say "ROS 2 is sourced, but python3 cannot import $lacking: tests of the rclpy node are skipped (docs/install.md)"
fi
if [ -z "$python" ]; then
    # Without ROS's packages in sight, which pip would take for installed ones of .venv.
    unset PYTHONPATH
    bash "$root/scripts/setup.sh"
    python=$root/.venv/bin/python
fi
cd -- "$root"
# A test that hangs fails, with the place where it hangs. The slowest takes 20 s on two quiet cores.
limit=()
if "$python" -c "import pytest_timeout" >/dev/null 2>&1; then
    limit=(--timeout 900)
fi
exec "$python" -m pytest -q -rs --durations 15 "${limit[@]}" "$@"
