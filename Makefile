# Tasks for a checkout. Needs Python 3.11+ and make; all else comes from requirements/*.txt.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
FUZZ_S ?= 600
BUILD  := pyproject.toml setup.py $(wildcard src/pixmill/engine/pixels/resample/*.[ch] src/pixmill/engine/codecs/*.[ch])

.PHONY: dist release serve test e2e faults faults-processes fleet conformance compat browser packages frameworks clusters cluster-test soak check fmt lock docs docs-site gallery bench fuzz hostile audit image clean

serve: $(VENV)/.serve            ## run the service on http://127.0.0.1:8080 with the sample photos
	$(BIN)/pixmill serve --demo

test: check                      ## all checks and all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup --ignore=tests/faults --ignore=tests/conformance --ignore=tests/compat \
	    --ignore=tests/clients --ignore=tests/browser --ignore=tests/site --ignore=tests/packages --ignore=tests/frameworks \
	    --ignore=tests/clusters --ignore=tests/cluster --ignore=tests/platform --ignore=tests/fleet --ignore=tests/e2e

e2e: $(VENV)/.dev                ## start servers as users do: every source, format and cache, reloads, restarts, hostile files and clients
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/e2e

faults: $(VENV)/.dev             ## break real components under load, send crowds, slow readers and signals, and check every response
	$(BIN)/python -m pytest -n 2 tests/faults

faults-processes: $(VENV)/.dev   ## break the server, its workers, disk, Redis and origins as in faults, with two server processes
	# batches have no server; processes coalesce downloads of results alike only, so an /info of another process asks again
	SERVER_PROCESSES=2 $(BIN)/python -m pytest -n 2 tests/faults --ignore tests/faults/test_batch.py --ignore tests/faults/test_slow_readers.py \
	    --deselect tests/faults/test_crowds.py::test_clients_that_leave_while_their_originals_are_fetched_end_the_fetches

fleet: $(VENV)/.dev              ## four servers behind haproxy with Redis and S3: stores that stop, herds; prints counts beside their bars
	$(BIN)/python -m pytest -n 2 tests/fleet

conformance: $(VENV)/.dev          ## compare what is shown of images of every format with what Chromium shows, pixel for pixel
	$(BIN)/python -m pytest -n 2 tests/conformance
	$(BIN)/python -m tests.conformance.report
	$(BIN)/python docs/generate.py

compat: $(VENV)/.dev               ## send URLs of other services, also such as their client libraries make; needs Node and npm
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/compat tests/clients

browser: $(VENV)/.dev              ## use pages in Chromium, as people do
	$(BIN)/python -m pytest -n 2 tests/browser

packages: $(VENV)/.release         ## build and install packages as users get them, run the commands of the README there, and serve as on macOS
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/packages tests/platform

frameworks: $(VENV)/.frameworks    ## test the clients, start sample apps of web frameworks, and look at their images in Chromium; needs Node and npm
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/frameworks

clusters: $(VENV)/.clusters        ## run a batch on Ray and on Dask, on this machine
	$(BIN)/python -m pytest tests/clusters

cluster-test: $(VENV)/.dev       ## install the chart into a real Kubernetes API server, which it builds first (Go, 4 minutes), and roll it
	$(BIN)/python -m pytest -s tests/cluster

soak: $(VENV)/.dev               ## five minutes of traffic: does memory or anything else grow?
	$(BIN)/python -m benchmarks.soak

check: $(VENV)/.dev              ## formatting, lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/.dev                ## format, and apply automatic fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev               ## regenerate the reference pages, the chart's schema and the clients' tables from the code
	$(BIN)/python docs/generate.py
	$(BIN)/python deploy/helm/generate.py
	$(BIN)/python deploy/helm/dashboard.py
	$(BIN)/python packages/generate.py

docs-site: $(VENV)/.docs          ## build the site of the documentation into build/site, and check its links and what it shows
	$(BIN)/python -m docs.site.build
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/site

gallery: $(VENV)/.dev            ## render every operation on the sample photos into docs/gallery
	$(BIN)/python docs/gallery.py
	$(BIN)/python docs/generate.py

bench: $(VENV)/.dev              ## benchmark against other servers, which it installs; writes benchmarks/report.md
	$(BIN)/python -m benchmarks.all

fuzz: $(VENV)/.dev               ## fuzz every parser of untrusted input, ten minutes each; findings are files crash-…
	$(BIN)/python -m tests.fuzz.readers all build/corpus -max_total_time=$(FUZZ_S) -max_len=4096

hostile: $(VENV)/.dev            ## send damaged files through workers, compare decoders, and send all files of CORPUS to a server
	PIXMILL_MUTATIONS=100000 PIXMILL_DIFFERENTIAL=2000 PIXMILL_TEST_SEED=$$(date +%s) $(BIN)/python -m pytest -n 2 --timeout 7200 -s \
	    tests/engine/test_mutations.py tests/engine/test_differential.py
	$(if $(CORPUS),$(BIN)/python -m tests.hostile_corpus $(CORPUS) build/hostile.json)

audit: $(BIN)/uv                 ## look up known vulnerabilities of locked dependencies; needs a network
	$(BIN)/uv tool run pip-audit --disable-pip --require-hashes -r requirements/runtime.txt -r requirements/build.txt

dist: $(VENV)/.release             ## build and check the packages of a release into dist/
	$(BIN)/python -m deploy.release.build

release: $(VENV)/.release          ## VERSION=0.2.0: write the version everywhere, cut the changelog, test, commit; tagging is left to you
	$(BIN)/python -m deploy.release.cut $(VERSION)
	$(BIN)/python docs/generate.py
	$(BIN)/python deploy/helm/generate.py
	$(BIN)/python packages/generate.py
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/test_release.py tests/test_pages.py tests/test_documented.py \
	    tests/test_javascript_parameters.py tests/deploy tests/platform tests/packages
	git commit -q -a -m "release: $(VERSION)"
	$(BIN)/python -m deploy.release.build
	@echo "Committed. Read the section of CHANGELOG.md; then:  git tag -s v$(VERSION) -m $(VERSION) && git push origin main v$(VERSION)"

image:                           ## build the container image
	docker build -f deploy/Dockerfile -t pixmill .

lock: $(VENV)/.dev               ## resolve and lock the dependencies again
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    -c requirements/runtime.txt pyproject.toml --group dev requirements/build.in -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    -c requirements/dev.txt requirements/build.in -o requirements/build.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    -c requirements/dev.txt --group docs -o requirements/docs.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    -c requirements/dev.txt --group frameworks -o requirements/frameworks.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    -c requirements/dev.txt --group clusters -o requirements/clusters.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    -c requirements/dev.txt --group release -o requirements/release.txt

clean:                           ## remove the environment and all build output
	rm -rf $(VENV) build dist *.egg-info src/*.egg-info src/pixmill/engine/pixels/resample/_*.so src/pixmill/engine/codecs/_*.so

$(BIN)/uv: requirements/build.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@

$(VENV)/.serve: $(BIN)/uv requirements/runtime.txt $(BUILD)
	$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements/runtime.txt
	$(BIN)/uv pip install -q -p $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.serve requirements/dev.txt
	$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.docs: $(VENV)/.dev requirements/docs.txt
	$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements/docs.txt
	@touch $@

$(VENV)/.frameworks: $(VENV)/.dev requirements/frameworks.txt
	$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements/frameworks.txt
	@touch $@

$(VENV)/.clusters: $(VENV)/.dev requirements/clusters.txt
	$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements/clusters.txt
	@touch $@

$(VENV)/.release: $(VENV)/.dev requirements/release.txt
	$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements/release.txt
	@touch $@
