import ast
import shutil

import numpy as np
import pytest
import torch

from vhp_core import book
from vhp_core.book import fingerprints


def test_fingerprint_sees_values_types_and_shapes():
    one = torch.arange(6.0)
    prints = {
        book.fingerprint(one),
        book.fingerprint(one.double()),
        book.fingerprint(one.reshape(2, 3)),
        book.fingerprint(one + 1e-6),
        book.fingerprint(one, one),
    }
    assert len(prints) == 5
    assert book.fingerprint(one) == book.fingerprint(one.clone().numpy())
    assert book.fingerprint(np.array(["a", "b"], dtype=object)) != book.fingerprint(
        np.array(["a", "c"], dtype=object)
    )


def test_outline_is_blind_to_words_but_not_to_code():
    def outline(text):
        return fingerprints._outline(ast.parse(text))

    code = "def f(x):\n    return x + 1\n"
    told = 'def f(x):\n    """Add."""\n    # one\n    return (x +\n        1)\n'
    typed = "def f(x: int) -> int:\n    y: int\n    return x + 1\n"
    assert outline(code) == outline(told) == outline(typed)
    assert outline(code) != outline(code.replace("1", "2"))
    assert outline("x: int = 1") == outline("x = 1") != outline("x: int = 2")


def test_source_hash_covers_the_method_and_the_data_that_are_named(tmp_path, monkeypatch):
    package = tmp_path / "vhp_core"
    shutil.copytree(fingerprints._PACKAGE, package, ignore=shutil.ignore_patterns("*.npz"))
    before = book.source_hash(), book.source_hash("cmu"), book.source_hash("pendulum")
    assert len(set(before)) == 3
    monkeypatch.setattr(fingerprints, "_PACKAGE", package)

    def after(name, old, new):
        path = package / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        changed = book.source_hash(), book.source_hash("cmu"), book.source_hash("pendulum")
        path.write_text(text, encoding="utf-8")
        return [one != other for one, other in zip(before, changed, strict=True)]

    assert after("priors.py", "scale < 1", "scale < 2") == [True, True, True]
    assert after("engine/flat.py", "torch.cat", "torch.hstack") == [True, True, True]
    assert after("doors/observations.py", "/ 255", "/ 256") == [True, True, True]
    assert after("data/skeleton.py", "np.", "numpy.") == [False, True, False]  # imported by cmu
    assert after("data/pendulum.py", "math.pi", "math.tau") == [False, False, True]
    assert after("page/player.py", "np.", "numpy.") == [False, False, False]
    with pytest.raises(ValueError, match="no data set"):
        book.source_hash("cifar")


def test_every_module_that_loads_data_is_named():
    folder = fingerprints._PACKAGE / "data"
    loaders = {path.stem for path in folder.glob("*.py") if "\n@recorded\n" in path.read_text()}
    assert loaders == set(book.DATA_SETS)


def test_source_hash_is_blind_to_where_a_definition_stands(tmp_path, monkeypatch):
    package = tmp_path / "vhp_core"
    shutil.copytree(fingerprints._PACKAGE, package, ignore=shutil.ignore_patterns("*.npz"))
    before = book.source_hash()
    (package / "engine" / "moved.py").write_bytes((package / "multipliers.py").read_bytes())
    (package / "multipliers.py").unlink()
    training = (package / "training.py").read_text(encoding="utf-8")
    (package / "training.py").write_text(training.replace(".multipliers", ".engine.moved"))
    monkeypatch.setattr(fingerprints, "_PACKAGE", package)
    assert book.source_hash() == before
