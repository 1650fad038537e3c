# The two commands: `make book` builds the book, `make test` tests it. `make help` lists the rest.
# Each needs Python 3.11 or newer and nothing else; name another Python with PYTHON=python3.12.

PYTHON ?= python3
RUN := .venv/bin/python -m
STUDIES := $(filter-out __init__ stamp grid dask_backend confirm rest kept parts mixtures %_measures %_paths,$(sort $(notdir $(basename $(wildcard studies/*.py)))))

# Modules are compiled when first imported; where that is not kept, each process does it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: book test unit chapters check-site pdf study claims bench serve lint strip clean help

book: .venv/ready  ## execute every chapter in full and build the site into _build/html
	@$(RUN) tools.chapters.execute --budget full; executed=$$?; \
	$(RUN) tools.site.build && exit $$executed

test: .venv/ready  ## unit tests, every chapter in short, and the same numbers twice
	@$(MAKE) --no-print-directory -j2 unit chapters

unit: .venv/ready  ## the unit tests alone; their report is printed at their end
	@mkdir -p _build
	@$(RUN) pytest >_build/unit.log 2>&1 & tests=$$!; trap 'kill $$tests' TERM INT; \
	wait $$tests; status=$$?; cat _build/unit.log; exit $$status

chapters: .venv/ready  ## every chapter at smoke budget, then again under nbval
	@$(RUN) tools.chapters.execute --budget smoke
	@$(RUN) tools.chapters.check

check-site: .venv/ready  ## open every page of _build/html in Chromium
	$(RUN) tools.check.site

study: .venv/ready  ## compute the tables over several seeds (minutes to hours)
	$(foreach study,$(STUDIES),$(RUN) studies.$(study) &&) true

claims: .venv/ready  ## count in how many runs each claim holds: 5 seeds, 3 numerical profiles
	$(RUN) tools.chapters.claims

bench: .venv-bench/ready  ## time the training engine beside its peers (on a machine at rest)
	.venv-bench/bin/python -m benchmarks.run

pdf: .venv/ready  ## print the built site as one file, _build/book.pdf, by Chromium
	$(RUN) tools.site.pdf

serve: .venv/ready  ## open the built site at http://127.0.0.1:8000
	$(RUN) http.server --bind 127.0.0.1 --directory _build/html 8000

lint: .venv/ready  ## ruff, and the types by mypy
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

strip: .venv/ready  ## clear the outputs of the chapters, which are committed without any
	$(RUN) tools.chapters.strip

clean:  ## remove executed chapters, trained models and the site
	rm -rf _build

help:
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

.venv/ready: requirements.txt pyproject.toml tools/environment/install.py
	$(PYTHON) -m tools.environment.install
	@touch $@

.venv-bench/ready: benchmarks/requirements.txt pyproject.toml tools/environment/install.py
	$(PYTHON) -m tools.environment.install .venv-bench benchmarks/requirements.txt
	@touch $@
