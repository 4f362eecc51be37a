# Every target sets up what it needs first (tools/bootstrap.py); nothing but Python 3.11+ and a shell is assumed.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && exit; done; echo python3)
ARGS ?=

.PHONY: run demo setup test verify bench chaos soak fuzz audit-deps lint fmt

run demo setup test verify bench chaos soak fuzz audit-deps lint fmt:
	@exec $(PYTHON) tools/bootstrap.py $@ $(ARGS)
