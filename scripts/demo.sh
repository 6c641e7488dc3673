#!/usr/bin/env bash
# The main job, end to end: a camera, the perception node and an operator's sentences as separate processes
# on one ROS graph, without a ROS installation, a GPU or a download of weights. Results go to out/.
#
#   bash scripts/demo.sh          the recorded clip
#   bash scripts/demo.sh --sim    the live simulator
#   bash scripts/demo.sh --robot  a simulated robot that takes what it is told to; a film of it
#
# Further options are those of `ssp-sam demo`, or of examples/robot_demo.py (see --help).
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
bash "$root/scripts/setup.sh"
if [[ ${1:-} == --robot ]]; then
    shift
    exec "$root/.venv/bin/python" "$root/examples/robot_demo.py" --out "$root/out/robot" "$@"
fi
exec "$root/.venv/bin/python" -m ssp_sam_ros.cli.main demo --out "$root/out" "$@"
