# `make` lists what there is.  What follows ## is what it prints.

COMPOSE := scripts/compose
BUCKET := cleanroom-activations
PREFIX := meta/conversions/

.DEFAULT_GOAL := help
.PHONY: help demo test test-compose up drop logs down image fmt lint deny

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the whole way in one process: no Docker, no AWS, an invented audience
	cargo run --release --locked -- demo

test: ## all checks and tests that need no Docker; what CI runs first
	scripts/test

test-compose: ## the images, end to end, in Docker; what CI runs next
	scripts/test-compose

up: ## build and start LocalStack, Meta's simulator and the worker in Docker
	$(COMPOSE) up --build --detach
	@echo "drop a file with: make drop FILE=examples/audience.csv; see: make logs, http://127.0.0.1:9090/"

drop: ## put a file into the bucket: make drop FILE=people.csv [PREFIX=meta/…/]
	@test -f "$(FILE)" || { echo "drop: name a file: make drop FILE=examples/audience.csv [PREFIX=$(PREFIX)]" >&2; exit 2; }
	$(COMPOSE) exec -T localstack awslocal s3 cp - "s3://$(BUCKET)/$(PREFIX)$(notdir $(FILE))" <"$(FILE)"

logs: ## follow what the worker does
	$(COMPOSE) logs --follow worker

down: ## stop them and remove everything they kept
	$(COMPOSE) down --volumes

image: ## build both images
	$(COMPOSE) build

fmt: ## format the source
	cargo fmt --all

lint: ## the formatter's and clippy's opinion
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings

deny: ## licences, banned packages and sources (cargo install --locked cargo-deny)
	cargo deny --locked check bans licenses sources
