#!/usr/bin/env bash
# Sets up and runs the tests. What needs ROS 2, a GPU or a renderer that is not here is skipped, and said so.
#
#   bash scripts/test.sh                 all tests
#   bash scripts/test.sh -m parity       arguments go to pytest
#
# The tests of the rclpy node run too where ROS 2 and the built workspace (docs/ros.md) are sourced, and .venv
# has the Python that ROS was built for (PYTHON=/usr/bin/python3.12 for a new .venv).
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
python=$root/.venv/bin/python

say() { printf '[test] %s\n' "$*" >&2; }

# say_about_ros: whether the tests that need ROS will run, and if not, why.
say_about_ros() {
    local module problem
    if [ -z "${AMENT_PREFIX_PATH:-}" ]; then
        say "no ROS 2 is sourced: the tests of the rclpy node are skipped"
        return
    fi
    for module in rclpy ssp_sam_msgs; do
        if ! problem=$("$python" -c "import $module" 2>&1); then
            say "ROS 2 is sourced, but $("$python" --version) of .venv cannot import $module: tests of the rclpy node are skipped"
            say "    ${problem##*$'\n'}"
            return
        fi
    done
    say "ROS 2 is sourced: the tests of the rclpy node run (${RMW_IMPLEMENTATION:-default middleware})"
}

# Without ROS's packages in sight, which pip would take for installed ones of .venv.
env -u PYTHONPATH bash "$root/scripts/setup.sh"
cd -- "$root"
say_about_ros
exec "$python" -m pytest -q -rs "$@"
