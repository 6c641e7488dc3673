#!/usr/bin/env bash
# Sets up and runs the tests. What needs ROS 2, a GPU or a renderer that is not here is skipped, and said so.
#
#   bash scripts/test.sh                 all tests
#   bash scripts/test.sh -m parity       arguments go to pytest
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
bash "$root/scripts/setup.sh"
cd -- "$root"
exec .venv/bin/python -m pytest -q -rs "$@"
