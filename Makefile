# make demo   search a small collection in fifteen languages: numpy, tokenizers, onnxruntime, no torch
# make test   lint, types, import contracts and every test, in a locked environment
# make integrations   other people's loaders on the model folder, in an environment of their own
# make wheel   one file to install from, with the default model in it
# make lock   compute requirements/*.txt again from pyproject.toml

PYTHON ?= python3
VENV := .venv
DEMO := .venv-demo
LOADERS := .venv-integrations
TOOLS := .venv-uv
DEMO_MEGABYTES := 250

# uv of the machine if it has one that runs, else the locked one, fetched into $(TOOLS).
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo $(TOOLS)/bin/uv)

# A folder of wheels that pip is told about serves uv too; pip separates by spaces, uv by commas.
empty :=
comma := ,
space := $(empty) $(empty)
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(subst $(space),$(comma),$(strip $(PIP_FIND_LINKS)))
endif

# Hundreds of tests start a process of their own. Without compiled modules each of them compiles
# torch's thousand anew, which takes longer than most of those tests.
unexport PYTHONDONTWRITEBYTECODE

COMPILE = env -u UV_FIND_LINKS -u PIP_FIND_LINKS $(UV) pip compile --quiet --upgrade --universal \
	--python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: demo test integrations wheel lint types contracts lock clean
.DELETE_ON_ERROR:

demo: $(DEMO)/installed
	@megabytes=$$(du -sm $(DEMO) | cut -f1); \
	echo "Installed: $$megabytes MB, without torch."; \
	if [ "$$megabytes" -ge $(DEMO_MEGABYTES) ]; then \
		echo "That is over the promised $(DEMO_MEGABYTES) MB." >&2; exit 1; fi
	@sed -n '2,5p' demo/queries.tsv | cut -f1 | while IFS= read -r query; do \
		echo; echo "\$$ klein search \"$$query\" demo/texts --top 2"; \
		$(DEMO)/bin/klein search "$$query" demo/texts --top 2 </dev/null || exit $$?; \
	done

test: lint types contracts
	$(VENV)/bin/python -m pytest -q --numprocesses 2 --dist loadfile

lint: $(VENV)/installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/installed
	$(VENV)/bin/pyright --pythonpath $(VENV)/bin/python

contracts: $(VENV)/installed
	$(VENV)/bin/lint-imports

wheel: $(VENV)/installed
	$(VENV)/bin/python -m hatchling build -t wheel

# Their warnings are theirs.
integrations: $(LOADERS)/installed
	@if command -v npm >/dev/null; then cd integrations && npm ci --silent; \
	else echo "no Node.js: transformers.js is left out"; fi
	$(LOADERS)/bin/python -m pytest -q -o filterwarnings= integrations

$(DEMO)/installed: requirements/core.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -m venv --clear $(DEMO) || { rm -rf $(DEMO); \
		echo "No virtual environment could be made; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; }
	$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/core.txt -r requirements/build.txt
	$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@# The build adds the model to an editable install too, which reads it from release/.
	@rm -rf $(DEMO)/lib/python*/site-packages/klein_embedding
	@touch $@

# The lock is complete but for torch, so nothing is resolved here: --no-deps, and a check at the end.
# torch comes from a folder of wheels where one is given, else from its makers' CPU builds.
$(VENV)/installed: LOCK := requirements/all.txt
$(VENV)/installed: requirements/all.txt
$(LOADERS)/installed: LOCK := requirements/integrations.txt
$(LOADERS)/installed: requirements/integrations.txt
$(VENV)/installed $(LOADERS)/installed: requirements/torch.txt pyproject.toml $(filter $(TOOLS)/%,$(UV))
	rm -rf $(@D)
	$(UV) venv --quiet --python "$$(command -v $(PYTHON))" $(@D)
	$(UV) pip install --quiet --python $(@D) --no-deps --require-hashes -r $(LOCK)
	@if [ -n "$$UV_FIND_LINKS" ] && $(UV) pip install --quiet --python $(@D) --no-deps --no-index \
			-r requirements/torch.txt; then \
		echo "torch: from the folder of wheels"; \
	else \
		echo "torch: CPU build"; \
		$(UV) pip install --quiet --python $(@D) --no-deps --torch-backend cpu \
			-r requirements/torch.txt; \
	fi
	$(UV) pip install --quiet --python $(@D) --no-deps --no-build-isolation --editable .
	$(UV) pip check --python $(@D)
	@touch $@

$(TOOLS)/bin/uv: requirements/uv.txt
	rm -rf $(TOOLS)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		--target $(TOOLS) -r requirements/uv.txt
	@touch $@

lock: $(filter $(TOOLS)/%,$(UV))
	$(COMPILE) pyproject.toml -o requirements/core.txt
	$(COMPILE) pyproject.toml --extra train --extra evaluation --extra index --extra serve --group dev --constraints requirements/core.txt \
		--excludes requirements/not-locked.txt --no-emit-package torch -o requirements/all.txt
	$(COMPILE) pyproject.toml --extra serve --constraints requirements/core.txt -o requirements/serve.txt
	$(COMPILE) pyproject.toml --extra ray --extra spark --group integrations \
		--excludes requirements/not-locked.txt --no-emit-package torch -o requirements/integrations.txt
	echo hatchling | $(COMPILE) - --constraints requirements/all.txt -o requirements/build.txt
	echo uv | $(COMPILE) - -o requirements/uv.txt

clean:
	rm -rf $(VENV) $(DEMO) $(LOADERS) $(TOOLS) integrations/node_modules web/node_modules web/dist .pytest_cache .ruff_cache .import_linter_cache build dist
	find klein_embedding tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
