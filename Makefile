# Short names for dev.py, which needs only Python and git: on a machine without make, run `python3 dev.py demo` and so on.
PYTHON ?= python3

.PHONY: demo test setup clean
demo:
	@$(PYTHON) dev.py demo
test:
	@$(PYTHON) dev.py test
setup:
	@$(PYTHON) dev.py setup
clean:
	@$(PYTHON) dev.py clean
