# `make` lists what there is.  What follows ## is what it prints.

COMPOSE := scripts/compose
BUCKET := cleanroom-activations
STATE := audience-activation-state
PREFIX := meta/conversions/
# As compose.yaml has them.
SIMULATOR := http://127.0.0.1:$(or $(SIMULATOR_PORT),8080)
WORKER := http://127.0.0.1:$(or $(WORKER_PORT),9090)

export FILE PREFIX

.DEFAULT_GOAL := help
.PHONY: help demo test test-compose chaos replace-million chaos-process chaos-compose bench fuzz up drop receipts logs down image fmt lint deny

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the whole way in one process: no Docker, no AWS, an invented audience
	cargo run --release --locked -- demo

test: ## all checks and tests that need no Docker; what CI runs first
	scripts/test

test-compose: ## the images, end to end, in Docker; what CI runs next
	scripts/test-compose

# A new beginning each time, for new finds; `make test` plays the same seeds always.
chaos: ## random crashes and faults against a model, CHAOS_SEEDS=3000 of them, CHAOS_SEED to repeat one
	CHAOS_SEEDS=$${CHAOS_SEEDS:-3000} CHAOS_FROM=$${CHAOS_FROM:-$$(date +%s)} \
	    cargo test --locked --test chaos random_schedules -- --nocapture

replace-million: ## a million rows replace an audience, with faults and two crashes
	REPLACE_ROWS=$${REPLACE_ROWS:-1000000} \
	    cargo test --locked --test replace twenty_objects -- --nocapture

chaos-process: ## workers killed with -9 at random, CHAOS_KILLS=30, CHAOS_SEED to repeat a drawing
	scripts/chaos-process

chaos-compose: ## containers killed, CHAOS_KILLS=10, and a network that is cut
	scripts/chaos-compose

bench: ## how fast rows become requests, beside Meta's own Python SDK
	scripts/bench

fuzz: ## hostile bytes for every reader, FUZZ_SECONDS=60 for each target
	scripts/fuzz

up: ## build and start LocalStack, Meta's simulator and the worker in Docker
	$(COMPOSE) up --build --detach
	@echo
	@echo "The worker waits for files.  Next:"
	@echo "  make drop FILE=examples/audience.csv"
	@echo "  make receipts, make logs"
	@echo "  curl $(WORKER)/readyz, curl $(WORKER)/metrics"
	@echo "  curl $(SIMULATOR)/_simulator/inspect        what Meta received"

drop: ## put a file into the bucket: make drop FILE=people.csv [PREFIX=meta/custom_audiences/loyalty/]
	@test -f "$$FILE" || { echo "drop: name a file: make drop FILE=examples/audience.csv [PREFIX=meta/custom_audiences/loyalty/]" >&2; exit 2; }
	@object="s3://$(BUCKET)/$${PREFIX%/}/$$(basename -- "$$FILE")" && \
	    $(COMPOSE) exec -T localstack awslocal s3 cp - "$$object" <"$$FILE" && \
	    echo "$$FILE is now $$object; what becomes of it: make receipts, make logs"

receipts: ## show what became of the files that were dropped
	@$(COMPOSE) exec -T localstack sh -c ' \
	    kept=$$(mktemp -d) && awslocal s3 cp --recursive --quiet s3://$(STATE)/receipts "$$kept" && \
	    find "$$kept" -name "*.json" -exec sh -c "cat \"\$$1\"; echo" - {} \; ; rm -rf "$$kept"'

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
