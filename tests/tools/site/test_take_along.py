"""What readers take along."""

import zipfile
from io import BytesIO

from tools.chapters import notebooks
from tools.site.take_along import build_wheel, downloads_table, installation

ROOT = notebooks.ROOT


def test_the_wheel_holds_the_library_and_every_table():
    name, content = build_wheel(ROOT)
    held = set(zipfile.ZipFile(BytesIO(content)).namelist())
    assert name.startswith("vhp_core-") and name.endswith("-py3-none-any.whl")
    for kind in notebooks.TABLES:
        for path in (ROOT / kind).iterdir():
            if path.suffix in (".csv", ".json", ".safetensors"):
                assert f"vhp_core/tables/{kind}/{path.name}" in held
    library = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "vhp_core").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert library <= held
    assert {"vhp_core/py.typed", "vhp_core/__init__.pyi"} <= held  # so a user's checker sees types
    assert not any(entry.startswith(("studies/", "tools/", "tests/")) for entry in held)


def test_the_page_offers_both_forms_of_every_chapter():
    table = downloads_table(ROOT)
    for chapter in notebooks.chapters(ROOT):
        assert f'href="_sources/{chapter.name}"' in table
        assert f'href="notebooks/{chapter.name}"' in table
    assert 'href="x.whl"' in installation("x.whl")
