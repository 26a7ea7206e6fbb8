.PHONY: install check test peers

install:  ## editable, in the mode that type checkers can follow; again after adding a file
	pip install -e '.[dev]' --config-settings editable_mode=strict

check:  ## lint, format, types
	ruff check .
	ruff format --check .
	mypy

test:
	pytest

peers:  ## the same links as other aligners, link for link
	pip install simalign==0.4 awesome-align==0.1.7
	pytest -m peers
