"""Who may import what, as one table, checked on the syntax tree of every module.

docs/architecture.md draws the same table. An import inside a function counts as well: it is lazy, not
allowed. `lazy` names what a folder may import inside functions, or under TYPE_CHECKING, only.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ssp_sam_ros.cli.main import COMMANDS

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = "ssp_sam_ros"
ANYTHING = "*"


@dataclass(frozen=True)
class Rule:
    """What the modules of one folder may import beyond the standard library and the folder itself."""

    outside: frozenset[str] = frozenset()
    """Third-party top-level modules."""
    inside: tuple[str, ...] = ()
    """Dotted prefixes within this repository."""
    lazy: frozenset[str] = frozenset()
    """Modules or prefixes allowed where they do not run at import; ANYTHING for all."""


def _rule(outside: str = "", inside: str = "", lazy: str = "") -> Rule:
    return Rule(frozenset(outside.split()), tuple(inside.split()), frozenset(lazy.split()))


RULES = {
    # folder below the repository: rule
    "ssp_sam_ros/network": _rule("torch open_clip segment_anything timm numpy", lazy="tokenizers"),
    "ssp_sam_ros/weights": _rule("torch numpy safetensors", "ssp_sam_ros.network"),
    "ssp_sam_ros/perception": _rule("torch numpy cv2 PIL", "ssp_sam_ros.network ssp_sam_ros.weights"),
    "ssp_sam_ros/interface": _rule("numpy cv2 yaml"),
    "ssp_sam_ros/session": _rule("numpy", "ssp_sam_ros.interface ssp_sam_ros.perception.result"),
    "ssp_sam_ros/engine": _rule(
        "numpy",
        "ssp_sam_ros.interface ssp_sam_ros.session ssp_sam_ros.perception.result",
        lazy="ssp_sam_ros.perception",
    ),
    "ssp_sam_ros/dds": _rule(
        "numpy cyclonedds rosbags",
        "ssp_sam_ros.interface ssp_sam_ros.session ssp_sam_ros.perception.result",
    ),
    "ssp_sam_ros/ros": _rule(
        "numpy rclpy cv_bridge sensor_msgs std_msgs std_srvs vision_msgs diagnostic_msgs geometry_msgs "
        "builtin_interfaces lifecycle_msgs rcl_interfaces ssp_sam_msgs",
        "ssp_sam_ros.interface ssp_sam_ros.session ssp_sam_ros.perception.result ssp_sam_ros.speech "
        "ssp_sam_ros.engine",
    ),
    "ssp_sam_ros/speech": _rule(
        "numpy yaml",
        "ssp_sam_ros.interface",
        lazy="pocketsphinx vosk faster_whisper sounddevice soundfile soxr",
    ),
    "ssp_sam_ros/sim": _rule("numpy cv2", lazy="mujoco"),
    "ssp_sam_ros/sim/robot": _rule("numpy", "ssp_sam_ros.sim"),
    "ssp_sam_ros/doctor": _rule(inside="ssp_sam_ros.interface", lazy=ANYTHING),
    "ssp_sam_ros/assets": _rule(),
    "ssp_sam_ros/cli": _rule(lazy=ANYTHING),
    "training/ssp_sam_training": _rule(
        "torch numpy cv2 PIL pycocotools yaml tensorboard safetensors accelerate",
        "ssp_sam_ros",
        lazy="mujoco",
    ),
    "training": _rule("torch numpy", "ssp_sam_ros ssp_sam_training", lazy=ANYTHING),
    "benchmarks": _rule(  # numpy, cv2, and their own modules
        "numpy cv2 report plain speech_data closed_loop_pictures", lazy=ANYTHING
    ),
}

# For operators and cameras, which must start quickly and run where PyTorch is not installed, and the node
# without its network; with each everything that it imports inside functions.
WITHOUT_TORCH = {
    # module: some of those that it is known to import
    "ssp_sam_ros.cli.say": ("ssp_sam_ros.cli.answer_printer", "ssp_sam_ros.dds.operator"),
    "ssp_sam_ros.cli.camera": ("ssp_sam_ros.cli.camera_sources", "ssp_sam_ros.sim.live"),
    "ssp_sam_ros.cli.listen": ("ssp_sam_ros.speech.session", "ssp_sam_ros.dds.participant"),
    "ssp_sam_ros.dds.node": ("ssp_sam_ros.dds.participant", "ssp_sam_ros.session.session"),
}
HEAVY = ("torch", "open_clip", "segment_anything", "mujoco", "rclpy")


@dataclass(frozen=True)
class Import:
    """One imported module, with where it stands."""

    module: str
    line: int
    lazy: bool


def imports_of(source: str, package: str) -> Iterator[Import]:
    """Every module that `source` imports, relative names resolved against `package`.

    `from a import b` counts as `a.b`, which may be a module; a rule that allows `a` allows it, too.
    """

    def visit(node: ast.AST, lazy: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inner = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            inner = inner or (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING")
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, lazy)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    parts = package.split(".")
                    parents = parts[: len(parts) - child.level + 1]
                    base = ".".join([*parents, base] if base else parents)
                for alias in child.names:
                    yield Import(f"{base}.{alias.name}", child.lineno, lazy)
            elif (name := _dynamic_import(child)) is not None:
                yield Import(name, child.lineno, lazy)  # type: ignore[attr-defined]
            yield from visit(child, inner)

    yield from visit(ast.parse(source), False)


def _dynamic_import(node: ast.AST) -> str | None:
    """The module named by `importlib.import_module("...")` or `__import__("...")`, if `node` is one."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    argument = node.args[0]
    if name not in ("import_module", "__import__") or not isinstance(argument, ast.Constant):
        return None
    return str(argument.value)


def violations(source: str, folder: str, package: str, where: str = "<source>") -> list[str]:
    """What `source`, a module of `folder`, imports against the table; one line each."""
    rule = RULES[folder]
    own = _dotted(folder)
    found = []
    for item in imports_of(source, package):
        top = item.module.split(".")[0]
        if top in sys.stdlib_module_names or top == "__future__" or _within(item.module, own):
            continue
        if top in rule.outside or any(_within(item.module, prefix) for prefix in rule.inside):
            continue
        if item.lazy and (ANYTHING in rule.lazy or any(_within(item.module, p) for p in rule.lazy)):
            continue
        found.append(f"{where}:{item.line}: {folder} may not import {item.module}")
    return found


def _dotted(path: str) -> str:
    """The import name of a folder; training/ is on sys.path itself, the way its scripts see it."""
    return path.removeprefix("training/").replace("/", ".")


def _within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


def _folder_of(path: Path) -> str | None:
    """The longest entry of RULES that holds `path`."""
    relative = path.relative_to(REPOSITORY).as_posix()
    return max((f for f in RULES if relative.startswith(f + "/")), key=len, default=None)


def _modules() -> list[Path]:
    roots = (PACKAGE, "training", "benchmarks")
    return sorted(path for root in roots for path in (REPOSITORY / root).rglob("*.py"))


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_module_imports_only_what_its_folder_may(path: Path) -> None:
    folder = _folder_of(path)
    if folder is None:
        assert path == REPOSITORY / PACKAGE / "__init__.py", f"{path} lies in a folder without an import rule"
        at_import = [i for i in imports_of(path.read_text("utf-8"), PACKAGE) if not i.lazy]
        assert all(i.module.split(".")[0] in sys.stdlib_module_names for i in at_import)
        return
    relative = path.relative_to(REPOSITORY).as_posix()
    package = _dotted(relative.rpartition("/")[0])
    assert violations(path.read_text("utf-8"), folder, package, relative) == []


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("ssp_sam_ros/network", "from ssp_sam_ros.perception.result import Result"),
        ("ssp_sam_ros/network", "def f():\n    from ..weights import golden"),
        ("ssp_sam_ros/session", "import torch"),
        ("ssp_sam_ros/session", "if TYPE_CHECKING:\n    import torch"),
        ("ssp_sam_ros/session", "from ssp_sam_ros.perception import Segmenter"),
        ("ssp_sam_ros/session", "def f():\n    import rclpy"),
        ("ssp_sam_ros/sim", "import mujoco"),
        ("ssp_sam_ros/cli", "import numpy"),
        ("ssp_sam_ros/perception", "import importlib\nimportlib.import_module('rclpy')"),
        ("ssp_sam_ros/perception", "from ssp_sam_training.data import refer"),
        ("training/ssp_sam_training", "import rclpy"),
    ],
)
def test_rules_reject(folder: str, source: str) -> None:
    assert len(violations(source, folder, _dotted(folder))) == 1


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("ssp_sam_ros/network", "import math\nimport torch.nn.functional as F\nfrom .variant import Variant"),
        ("ssp_sam_ros/session", "from ..perception.result import Result"),
        ("ssp_sam_ros/sim", "def f():\n    import mujoco"),
        ("ssp_sam_ros/cli", "from . import common\ndef run():\n    import torch"),
        ("ssp_sam_ros/cli", "if TYPE_CHECKING:\n    import numpy as np"),
        ("training/ssp_sam_training", "from ssp_sam_ros.perception import Segmenter"),
        ("training/ssp_sam_training", "from ssp_sam_training.data import refer\nfrom .data import masks"),
    ],
)
def test_rules_admit(folder: str, source: str) -> None:
    assert violations(source, folder, _dotted(folder)) == []


def package_modules(module: str) -> set[str]:
    """The package's modules that a module imports, lazily or not, and those that these import."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        # `ssp_sam_ros` itself hands its names out on demand.
        if name in found or path is None or name == PACKAGE:
            continue
        found.add(name)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for item in imports_of(path.read_text("utf-8"), package):
            waiting += [item.module, item.module.rpartition(".")[0]]
    return found


def _file_of(module: str) -> Path | None:
    """The file of one of the package's modules, None for everything else."""
    base = REPOSITORY.joinpath(*module.split("."))
    files = (base.with_suffix(".py"), base / "__init__.py") if _within(module, PACKAGE) else ()
    return next((file for file in files if file.is_file()), None)


def loads(*modules: str) -> set[str]:
    """Those of HEAVY that importing the modules loads."""
    code = f"import sys, {', '.join(modules)}\nprint(*({set(HEAVY)} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_without_torch(module: str) -> None:
    pytest.importorskip("cyclonedds", reason="needs the extra dds")
    modules = package_modules(module)
    assert modules.issuperset(WITHOUT_TORCH[module])
    assert loads(*sorted(modules)) == set()


def test_starting_any_command_does_not_load_torch() -> None:
    assert loads(*(f"ssp_sam_ros.cli.{name}" for name in COMMANDS)) == set()
    assert "torch" in loads("ssp_sam_ros.perception.segmenter")
