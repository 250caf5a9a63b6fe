# Everything goes through deploy/embedded/bootstrap.py, so each target works on a fresh clone with Python 3.11 and make.
# Settings go before or after the word: PORT=8001 make run, make run PORT=8001. Arguments for a tool: make test ARGS=tests/cli

PYTHON ?= python3
BOOTSTRAP = $(PYTHON) deploy/embedded/bootstrap.py
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run sync test acceptance bench bench-web screenshots check format openapi clean

##@ Use it
run: ## Start everything on this machine: http://127.0.0.1:8000 (PORT, LECTERN_HOME; .env.example has all settings)
	@exec $(BOOTSTRAP) run $(ARGS)

sync: ## Install what uv.lock names and build the web app, without starting anything
	@$(BOOTSTRAP) sync $(ARGS)

##@ Test it
test: ## All tests but the long ones, beside a running instance (ARGS=tests/cli for some of them)
	@$(BOOTSTRAP) test $(ARGS)

acceptance: ## The long tests: all shared films, 2 GB, an hour, killed processes, screenshots
	@$(BOOTSTRAP) acceptance $(ARGS)

bench: ## Measure what has to be fast
	@$(BOOTSTRAP) bench $(ARGS)

bench-web: ## Measure the player in a browser: startup, weight, Lighthouse
	@$(BOOTSTRAP) bench web

screenshots: ## Take the screenshots of the web app
	@$(BOOTSTRAP) screenshots $(ARGS)

##@ Change it
check: ## Format, lint, types, import layers, schema and migrations, openapi in sync, web
	@$(BOOTSTRAP) check $(ARGS)

format: ## Mend what the formatter and the linter can mend
	@$(BOOTSTRAP) format $(ARGS)

openapi: ## Write the openapi.json of each service anew
	@$(BOOTSTRAP) openapi $(ARGS)

clean: ## Remove what was built and installed; the data in .lectern/ stays
	@rm -rf .venv .tools web/dist web/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
