# What a person types. `make help` lists it.
HOST ?= 127.0.0.1
PORT ?= 8501
PY = .venv/bin/python
# Two processes, on machines with more cores too: some tests hold what happens against the clock.
PARALLEL = -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run test long chaos check frontend generate lock screenshots bench setup-dev

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r name what; do printf '  %-18s %s\n' "$$name" "$$what"; done

run: ## start the studio (HOST, PORT change the address), installing it first
	@scripts/setup requirements.txt && exec $(PY) -m orchestrator serve --host $(HOST) --port $(PORT)

test: setup-dev ## run all tests, in a real browser too (ARGS=tests/orchestrator for some)
	@$(PY) -m scripts.browser --install && $(PY) -m scripts.postgres --install && exec $(PY) -m pytest $(PARALLEL) $(ARGS)

long: setup-dev ## run the tests that take longer: every write spoiled, every page looked over
	@$(PY) -m scripts.browser --install && $(PY) -m scripts.postgres --install && exec $(PY) -m pytest $(PARALLEL) -m long $(ARGS)

chaos: setup-dev ## kill it again and again and count what happened, about 15 minutes (ARGS=300 for fewer kills)
	@exec $(PY) -m tests.chaos $(ARGS)

check: setup-dev ## lint, types, import contracts, generated files
	@scripts/check

frontend: ## build the JavaScript of the studio (needs Node; nothing else does)
	@scripts/frontend

generate: setup-dev ## write the files that are made from the code
	@scripts/generate

lock: setup-dev ## pin pyproject.toml's dependencies again (ARGS=--upgrade for newer ones)
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate $(ARGS) \
		pyproject.toml -o requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate $(ARGS) \
		--group dev -c requirements.txt -o requirements-dev.txt

screenshots: setup-dev ## take the pictures of the guide (ARGS="--all FOLDER" for every page and size)
	@$(PY) -m scripts.browser --install && $(PY) -m scripts.screenshots $(ARGS)

bench: setup-dev ## measure; results go to benchmarks/results (ARGS="chain fanout" for some)
	@$(PY) -m scripts.browser --install && exec $(PY) -m benchmarks $(ARGS)

setup-dev:
	@scripts/setup requirements.txt requirements-dev.txt
