"""What must hold for the files of the project themselves."""

import itertools
import json
import re
import shutil
import subprocess
import tomllib
import warnings

import pybtex.database
import pytest
import yaml

import vhp_core as vhp
from tools.chapters import notebooks, reading
from tools.chapters.check import CHECKED
from tools.check.site import says_nothing

ROOT = notebooks.ROOT
CHAPTERS = notebooks.chapters(ROOT)
NUMBERED = [(int(path.stem[:2]), path) for path in CHAPTERS if path.stem[:2].isdigit()]
chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def locked() -> dict[str, str]:
    """Package -> version of requirements.txt, names as the package index compares them."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("==") for line in lines if not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, _, version in pairs}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@chapter
def test_chapter_is_committed_without_outputs(path):
    assert notebooks.stored_outputs(notebooks.read(path)) == []


@chapter
def test_first_code_cell_sets_seed_and_budget(path):
    first = notebooks.code_cells(notebooks.read(path))[0]
    assert "parameters" in notebooks.tags(first)
    parameters = {}
    exec(notebooks.source(first), {}, parameters)
    assert parameters == {"seed": 0, "budget": "full"}


@chapter
def test_chapter_compares_numbers_and_ends_in_its_claims(path):
    cells = notebooks.code_cells(notebooks.read(path))
    assert any(CHECKED in notebooks.tags(cell) for cell in cells)
    assert "claims" in notebooks.tags(cells[-1])
    assert sum("claims" in notebooks.tags(cell) for cell in cells) == 1


@chapter
def test_chapter_can_be_read_at_a_sitting(path):
    notebook = notebooks.read(path)
    most = 250 if path.stem.endswith("your_own_data") else 150
    assert reading.words(notebook) <= 4500
    assert reading.open_lines(notebook) <= most


@chapter
def test_no_fingerprint_is_printed_in_sight(path):
    for cell in notebooks.code_cells(notebooks.read(path)):
        if re.search(r"\bfingerprint\(", notebooks.source(cell)):
            assert {"remove-cell", "remove-output"} & set(notebooks.tags(cell)), cell["id"]


@chapter
def test_every_figure_has_a_caption_and_an_alt_text(path):
    shown = [
        cell["metadata"].get("mystnb", {})
        for cell in notebooks.code_cells(notebooks.read(path))
        if {"figure", "image"} & set(cell["metadata"].get("mystnb", {}))
        or "plt.show()" in notebooks.source(cell)
    ]
    assert shown
    for figure in shown:
        assert len(figure["figure"]["caption"].split()) > 3
        assert not says_nothing(figure["image"]["alt"])
    names = [figure["figure"]["name"] for figure in shown]
    assert len(set(names)) == len(names)


@chapter
def test_each_exercise_has_a_solution_that_is_executed(path):
    cells = notebooks.read(path)["cells"]
    headings = [
        number
        for number, cell in enumerate(cells)
        if cell["cell_type"] == "markdown"
        and re.search(r"^#+ Exercise \d|^\*\*Exercise \d", notebooks.source(cell), re.MULTILINE)
    ]
    for start, end in itertools.pairwise([*headings, len(cells)]):
        assert any(cell["cell_type"] == "code" for cell in cells[start:end])


@pytest.mark.parametrize("tag", ["landing-figure", "latent-explorer"])
def test_what_the_landing_page_shows_is_one_cell_of_the_book(tag):
    tagged = [
        cell
        for path in CHAPTERS
        for cell in notebooks.code_cells(notebooks.read(path))
        if tag in notebooks.tags(cell)
    ]
    assert len(tagged) == 1


def test_table_of_contents_names_every_chapter_and_page():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = {toc["root"]} | {entry["file"] for part in toc["parts"] for entry in part["chapters"]}
    pages = {path.stem for path in (ROOT / "book").glob("*.md")}
    assert listed == pages | {path.stem for path in CHAPTERS}


def test_every_requirement_is_exact():
    packages = locked()
    assert len(packages) > 100
    for name, version in packages.items():
        assert re.fullmatch(r"[0-9][0-9a-z.]*", version), f"{name}=={version}"


def test_lock_holds_every_dependency_of_the_project():
    extras = project()["optional-dependencies"]
    for requirement in sum(extras.values(), project()["dependencies"]):
        name = re.match(r"[\w.-]+", requirement)[0]
        assert re.sub(r"[-_.]+", "-", name).lower() in locked(), requirement


def test_jupyter_book_and_sphinx_are_the_versions_that_read_our_configuration():
    assert locked()["jupyter-book"].startswith("1.")
    assert locked()["sphinx"].startswith("7.")


@pytest.mark.skipif(shutil.which("git") is None, reason="asks git which files are the project's")
def test_no_file_names_a_place_of_one_machine():
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    places = re.compile(rb"(?<![\w.])/(work|home|root|Users|tmp|opt)/[a-z]")
    for name in done.stdout.splitlines():
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in content and name != "tests/test_repository.py":
            assert not places.search(content), f"{name}: {places.search(content)}"


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_study_runs_every_study_and_nothing_else():
    asked = ["make", "-n", "-o", ".venv/ready", "study"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    run = re.findall(r"-m studies\.(\w+)", done.stdout)
    modules = [path for path in (ROOT / "studies").glob("*.py") if path.stem != "__init__"]
    writes = re.compile(r"^ +(run_study|stamp\.write)\(", re.MULTILINE)
    tables = {p.stem for p in modules if writes.search(p.read_text(encoding="utf-8"))}
    assert run == sorted(tables - {"grid"})


def test_citation_names_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert "1905.04982" in str(citation["preferred-citation"])
    assert citation["version"] == project()["version"]


def test_all_metadata_of_a_release_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    archive = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert archive["version"] == vhp.__version__ == project()["version"] == citation["version"]
    assert re.findall(r"^## ([\d.]+)", changes, re.MULTILINE)[0] == vhp.__version__
    assert archive["title"] == citation["title"]
    assert archive["license"] == project()["license"] == citation["license"][0]
    assert archive["keywords"] == project()["keywords"]
    authors = [author["name"] for author in citation["authors"]]
    assert authors == [author["name"] for author in project()["authors"]]
    assert authors == [creator["name"] for creator in archive["creators"]]
    paper = citation["preferred-citation"]["identifiers"][0]["value"]
    assert [entry["identifier"] for entry in archive["related_identifiers"]] == [paper]


def test_addresses_are_those_of_the_site_s_configuration():
    """``_config.yml`` is where they are filled in; until then nothing names one of its own."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    site, repository = config["html"]["baseurl"], config["repository"]["url"]
    assert citation.get("url", "") == site
    assert citation.get("repository-code", "") == repository
    urls = project().get("urls", {})
    assert urls.get("Documentation", "") == site
    assert urls.get("Source", "") == repository


def entries(text: str) -> dict:
    return pybtex.database.parse_string(text, "bibtex").entries


def test_what_the_book_says_about_citing_is_what_the_citation_file_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    paper = citation["preferred-citation"]
    page = (ROOT / "book/cite.md").read_text(encoding="utf-8")
    told = entries("\n".join(re.findall(r"```bibtex\n(.*?)```", page, re.DOTALL)))
    listed = entries((ROOT / "book/references.bib").read_text(encoding="utf-8"))
    for entry in (told["klushyn2019learning"], listed["klushyn2019learning"]):
        fields = {name: re.sub(r"[{}]", "", value) for name, value in entry.fields.items()}
        assert fields["title"] == paper["title"]
        assert fields["booktitle"] == paper["collection-title"]
        assert fields["year"] == str(paper["year"])
        assert f"arXiv:{fields['eprint']}" == paper["identifiers"][0]["value"]
        assert [
            (" ".join(person.first_names), " ".join(person.prelast_names + person.last_names))
            for person in entry.persons["author"]
        ] == [(author["given-names"], author["family-names"]) for author in paper["authors"]]
    book = told["vhpbook"].fields
    assert re.sub(r"[{}]", "", book["title"]) == citation["title"]
    assert book["version"] == citation["version"]


def test_the_ten_lines_of_the_readme_run(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(import vhp_core as vhp\n.*?)```", readme, re.DOTALL)
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 12
    assert "steps=3000" in code
    shown: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few steps cannot meet the constraint
        exec(code.replace("steps=3000", "steps=30"), shown)
    assert shown["path"].shape == (60, 2)


def test_the_readme_shows_a_picture_that_is_there_and_small():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", readme)
    assert pictures
    for alt, path in pictures:
        assert not says_nothing(alt)
        assert (ROOT / path).stat().st_size < 300_000
    for number, _ in NUMBERED:
        assert re.search(rf"\| {number}\. ", readme), f"the list of chapters lacks {number}"


def test_chapters_are_numbered_without_a_gap():
    assert [number for number, _ in NUMBERED] == list(range(1, len(NUMBERED) + 1))


def test_a_link_to_a_chapter_names_its_number():
    texts = [*(ROOT / "book").glob("*.ipynb"), *(ROOT / "book").glob("*.md")]
    for path in texts:
        for number, file in re.findall(
            r"[Cc]hapters? (\d+) <(\d+)_", path.read_text(encoding="utf-8")
        ):
            assert int(number) == int(file), f"{path.name}: chapter {number} leads to {file}"
