# Short names for dev.py, which needs only Python and git: on a machine without make, run `python3 dev.py demo` and so on.
PYTHON ?= python3

.PHONY: demo check test nightly setup clean
demo:
	@$(PYTHON) dev.py demo
check:
	@$(PYTHON) dev.py check
test:
	@$(PYTHON) dev.py test
nightly:
	@$(PYTHON) dev.py nightly
setup:
	@$(PYTHON) dev.py setup
clean:
	@$(PYTHON) dev.py clean
