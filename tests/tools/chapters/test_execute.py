"""Which chapters are executed again, and what is refused."""

import json
import textwrap

import pytest

from tools.chapters import execute, notebooks
from tools.chapters.strip import strip


def chapter(path, *sources, outputs=()):
    cells = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": source,
            "outputs": list(outputs),
            "execution_count": None,
        }
        for source in sources
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}), encoding="utf-8")
    return path


@pytest.fixture
def root(tmp_path):
    for name in ("vhp_core/vae.py", "vhp_core/data/x.npz", "studies/a.csv", "requirements.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    chapter(tmp_path / "book/01_one.ipynb", "1")
    chapter(tmp_path / "book/02_two.ipynb", "2")
    return tmp_path


def keys(root, budget="full"):
    shared = execute.dependencies(root)
    return [execute.key(path, budget, shared) for path in notebooks.chapters(root)]


def test_editing_one_chapter_changes_its_key_alone(root):
    before = keys(root)
    chapter(root / "book/02_two.ipynb", "3")
    after = keys(root)
    assert after[0] == before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize(
    "name", ["vhp_core/vae.py", "vhp_core/data/x.npz", "studies/a.csv", "requirements.txt"]
)
def test_what_all_chapters_depend_on_changes_every_key(root, name):
    before = keys(root)
    (root / name).write_text("other", encoding="utf-8")
    assert not set(before) & set(keys(root))


def test_compiled_files_do_not_count(root):
    before = keys(root)
    (root / "vhp_core/__pycache__").mkdir()
    (root / "vhp_core/__pycache__/vae.cpython-311.pyc").write_bytes(b"compiled")
    assert keys(root) == before


def test_budget_and_data_are_part_of_the_key(root, monkeypatch, tmp_path_factory):
    monkeypatch.delenv("VHP_DATA", raising=False)
    seen = {keys(root)[0], keys(root, "smoke")[0]}
    place = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("VHP_DATA", str(place))
    seen.add(keys(root)[0])
    for name in execute.SHARED_DATA:
        (place / name).mkdir()
        seen.add(keys(root)[0])
    assert len(seen) == 3 + len(execute.SHARED_DATA)


@pytest.mark.parametrize("name", ["MKL_CBWR", "ATEN_CPU_CAPABILITY"])
def test_another_numerical_profile_executes_anew(root, monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    before = keys(root)
    monkeypatch.setenv(name, "other")
    assert not set(before) & set(keys(root))


def test_a_copy_is_up_to_date_only_with_its_own_key(tmp_path):
    copy = chapter(tmp_path / "01_one.ipynb", "1")
    assert not execute.up_to_date(copy, "key")
    copy.with_suffix(".json").write_text('{"key": "key"}', encoding="utf-8")
    assert execute.up_to_date(copy, "key")
    assert not execute.up_to_date(copy, "another")


def test_a_chapter_with_outputs_is_refused_until_it_is_stripped(tmp_path):
    output = {"output_type": "stream", "name": "stdout", "text": "1"}
    path = chapter(tmp_path / "book/01_one.ipynb", "print(1)", outputs=[output])
    with pytest.raises(SystemExit, match=r"01_one.ipynb holds outputs .* in cells 1: clear them"):
        execute.refuse_outputs([path])
    assert strip(path)
    execute.refuse_outputs([path])
    assert not strip(path)


def test_a_book_without_chapters_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="no chapter"):
        notebooks.chapters(tmp_path)


def test_seed_and_budget_are_read_from_the_cells_that_set_them():
    cells = [
        {"cell_type": "code", "metadata": {"tags": [tag]}, "source": source}
        for tag, source in [
            ("parameters", 'seed = 3\nbudget = "full"'),
            ("injected-parameters", '# Parameters\nbudget = "smoke"\n'),
            ("other", "seed = 9"),
        ]
    ]
    assert notebooks.parameters({"cells": cells}) == {"seed": 3, "budget": "smoke"}


def test_each_source_of_data_is_told_once(tmp_path):
    path = tmp_path / "x.sources"
    assert execute.read_sources(path) == []
    path.write_text("one\ntwo\none\n", encoding="utf-8")
    assert execute.read_sources(path) == ["one", "two"]


def test_a_failure_is_told_with_its_traceback_and_without_colours():
    error = {
        "output_type": "error",
        "ename": "ZeroDivisionError",
        "evalue": "division by zero",
        "traceback": ["\x1b[31mCell In[1]\x1b[39m", "ZeroDivisionError: division by zero"],
    }
    cell = {"cell_type": "code", "metadata": {}, "source": "1/0", "outputs": [error]}
    said = notebooks.failure({"cells": [cell]})
    assert said == "Cell In[1]\nZeroDivisionError: division by zero"
    assert notebooks.failure({"cells": []}) == ""


def test_a_chapter_runs_on_one_thread_with_its_cache_at_an_absolute_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = notebooks.kernel_environment(
        cache=tmp_path / "cache", settings=tmp_path.relative_to(tmp_path) / "ipython"
    )
    assert given["OMP_NUM_THREADS"] == given["MKL_NUM_THREADS"] == "1"
    assert given["VHP_CACHE"] == str(tmp_path / "cache")
    assert given["IPYTHONDIR"] == str(tmp_path / "ipython")


@pytest.mark.parametrize(("late", "comes"), [(0, True), (2, True), (3, False)])
def test_a_kernel_that_never_came_is_asked_for_again(tmp_path, monkeypatch, late, comes):
    """Kernels that start at one moment may choose the same port."""
    script = f"""
        import pathlib, sys
        count = pathlib.Path({str(tmp_path / "count")!r})
        tried = len(count.read_text()) if count.exists() else 0
        count.write_text("x" * (tried + 1))
        if tried < {late}:
            sys.exit("RuntimeError: Kernel died before replying to kernel_info")
        pathlib.Path({str(tmp_path / "copy.ipynb")!r}).write_text('{{"cells": []}}')
    """
    (tmp_path / "papermill.py").write_text(textwrap.dedent(script))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    copy = tmp_path / "copy.ipynb"
    assert execute.run(tmp_path / "x.ipynb", copy, "full", "key", tmp_path) is comes
    assert len((tmp_path / "count").read_text()) == min(late + 1, 3)
    record = json.loads(copy.with_suffix(".json").read_text())
    assert ("key" in record) is comes and ("error" in record) is not comes
