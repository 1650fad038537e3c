"""How the package is built: its rooms, what an import loads, and what it says of missing parts."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vhp_core as vhp
from vhp_core.engine.extras import require

PACKAGE = Path(vhp.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Room -> the rooms of which its modules may know. The method has no folder of its own.
MAY_KNOW = {
    "engine": {"engine"},
    "doors": {"doors", "engine"},
    "data": {"data", "engine"},
    "method": {"method", "engine", "doors"},
    "callbacks": {"callbacks", "method", "engine"},
    "sklearn": {"sklearn", "method", "engine", "doors"},
    "figures": {"figures", "method", "engine", "data"},
    "page": {"page", "figures", "method", "engine", "data"},
    "book": {"book", "method", "engine", "data"},
}
ALIAS = PACKAGE / "plotting.py"  # another name of figures, for the public
HEAVY = (
    "matplotlib.pyplot", "seaborn", "lightning_fabric", "ripser", "h5py", "scipy.stats", "pandas",
    "sklearn", "requests",
)  # fmt: skip


def room(parts: tuple[str, ...]) -> str:
    return parts[0] if parts and parts[0] in MAY_KNOW else "method"


def known(path: Path) -> set[str]:
    """The rooms that a module imports from, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            here = path.relative_to(PACKAGE).parts
            base = here[: len(here) - node.level]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {room((*base, *name.split("."))) for name in names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vhp_core."):
            found.add(room(tuple(node.module.split(".")[1:])))
    return found


def test_arrows_go_one_way():
    seen = set()
    for path in MODULES:
        if path in (PACKAGE / "__init__.py", ALIAS):
            continue
        home = room(path.relative_to(PACKAGE).parts[:-1])
        seen |= {(home, other) for other in known(path)}
        assert known(path) <= MAY_KNOW[home], path
    assert ("method", "engine") in seen and ("page", "figures") in seen  # the test sees imports


def test_no_circle_of_modules():
    def imported(path: Path) -> set[Path]:
        """Modules that are loaded along with one; not those that a function of it asks for."""
        found = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.level and node.module:
                base = path.parents[node.level - 1].joinpath(*node.module.split("."))
                found |= {base.with_suffix(".py")} if base.with_suffix(".py").exists() else set()
        return found

    left = {path: imported(path) for path in MODULES}
    while leaves := [path for path, others in left.items() if not others & left.keys()]:
        for path in leaves:
            del left[path]
    assert not left


@pytest.mark.parametrize(
    "folder", ["vhp_core", "tools", "studies", "benchmarks", "scripts", "tests"]
)
def test_no_module_is_longer_than_300_lines(folder):
    for path in (PACKAGE.parent / folder).rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


def loaded_after(code: str) -> set[str]:
    """Modules that are there in a new process once ``code`` has run."""
    told = "import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{told}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_import_is_light():
    assert not {"torch", *HEAVY} & loaded_after("import vhp_core")


def test_a_fit_loads_no_figures_and_nothing_that_it_does_not_use():
    code = (
        "import torch, vhp_core as vhp\n"
        "model, x = vhp.mlp_vae(3, 1, hidden=(4,)), vhp.data.pendulum(8).x[:, :3]\n"
        "vhp.fit(model, x, vhp.Geco(kappa=9.0), steps=2, progress=False)\n"
        "vhp.evaluation.rate(model, x)"
    )
    assert not set(HEAVY) & loaded_after(code)


def test_every_public_name_is_there():
    for name in vhp.__all__:
        assert getattr(vhp, name) is not None
    assert vhp.plotting.set_theme is vhp.figures.set_theme
    assert callable(vhp.data.faces) and callable(vhp.data.cmu)


def test_functions_keep_their_names_where_a_module_has_the_same():
    code = (
        "import vhp_core.data.mocap6, vhp_core.page.latent_film, vhp_core as vhp\n"
        "assert callable(vhp.data.mocap6) and callable(vhp.page.latent_film)"
    )
    assert loaded_after(code)


def test_a_missing_extra_is_named():
    with pytest.raises(ModuleNotFoundError, match=r"needs nothing_such.*vhp_core\[topology\]"):
        require("topology", "math", "nothing_such")


@pytest.mark.parametrize(
    ("missing", "code", "extra"),
    [
        ("seaborn", "vhp.plotting", "figures"),
        ("matplotlib", "vhp.page", "figures"),
        ("ripser", "vhp.topology.ring_score(torch.zeros(3, 2))", "topology"),
        ("h5py", "vhp.data.render(model=__file__)", "faces"),
    ],
)
def test_each_part_says_which_extra_it_needs(missing, code, extra, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import importlib.util as util, torch, vhp_core as vhp\n"
        "find = util.find_spec\n"
        f"util.find_spec = lambda name: None if name == {missing!r} else find(name)\n"
        f"import vhp_core.engine.extras as extras; extras.find_spec = util.find_spec\n{code}\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert f"vhp_core[{extra}]" in done.stderr
