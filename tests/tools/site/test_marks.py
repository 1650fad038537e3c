"""What stands in the place of marks on text pages."""

import pytest

from tools.site.marks import execution_table, joined_seeds, readme_example


def test_versions_of_chapters_that_were_executed_apart_are_all_named():
    record = {"started": "2026-01-02T03:04:05", "seconds": 1, "peak_megabytes": 2, "seed": 0}
    record["data"] = []
    records = {
        "01_x": record | {"versions": {"python": "3.11.7", "torch": "2.13.0"}},
        "02_x": record | {"versions": {"python": "3.11.7", "torch": "2.14.0"}},
    }
    assert "python 3.11.7, torch 2.13.0 and 2.14.0." in execution_table(records)


def test_data_that_differ_in_their_seed_are_one_entry():
    drawn = [f"rods, drawn with seed {seed}, noise 1" for seed in (0, 1, 2, 18, 5, 6)]
    joined = ["rods, drawn with seeds 0 to 2, 5, 6, 18, noise 1", "frames", "faces, seed 0"]
    assert joined_seeds([*drawn, "frames", "faces, seed 0"]) == joined


def test_the_readmes_first_block_of_python_stands_for_its_mark(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("```bash\nmake\n```\n\n```python\nx = 1\n```\n\n```python\ny\n```\n", "utf-8")
    assert readme_example(tmp_path) == "```python\nx = 1\n```"
    readme.write_text("nothing\n", "utf-8")
    with pytest.raises(SystemExit, match="no block"):
        readme_example(tmp_path)
