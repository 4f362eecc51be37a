"""Sets up everything the product needs in this checkout, then runs one command in it. Standard library only.

    python3 tools/bootstrap.py setup|run|demo|test|verify|bench|chaos|soak|fuzz|audit-deps|lint|fmt [arguments]

Environments apart, because their locks cannot live in one: `.venv` (the product), `.venv-triton` (Triton's Python backend
needs numpy 1.26), `.venv-web` (Node, from a wheel, to build the dashboard), for `test` and `verify` `.venv-nvds` (the GPU
worker's packages and NVIDIA's metadata libraries), for `verify` alone `.venv-verify` (Helm's engine and scanners).
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells the user
    sys.exit(
        f"PennyProtect needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Install one, or: make PYTHON=..."
    )

import os
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.environments import setup
from tools.foreground import die_with_parent, holds_terminal, replace_by, run_in_foreground
from tools.installer import ROOT, SetupFailedError, end_children, say
from tools.stages import Runner, stages


def main() -> int:
    """Set up, then run the command; the exit code is its own, 130 after Ctrl-C."""
    name, *arguments = sys.argv[1:] or ["setup"]
    try:
        todo = stages(name, arguments)
        developing = name in {"test", "verify", "chaos", "soak", "fuzz", "lint", "fmt"}
        setup(dev=developing, verify=name == "verify", gpu_doubles=name in {"test", "verify"})
    except SetupFailedError as error:
        sys.stderr.write(f"Set-up failed. {error}\n")
        return 1
    except OSError as error:  # a full disk, a folder of another user
        sys.stderr.write(
            f"Set-up failed. {error.filename or ROOT}: {error.strerror or error}. Free space or correct its owner.\n"
        )
        return 1
    except KeyboardInterrupt:
        end_children()
        sys.stderr.write("Set-up interrupted; run the same command again to go on.\n")
        sys.stderr.flush()
        os._exit(130)
    # Or each process compiles two thousand modules of ours and of our environments, which takes it 2 s of a core.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if name == "demo":  # a state folder of its own: a demonstration never shares one with a store
        os.environ["PENNYPROTECT_DEMO"] = "1"
        os.environ.setdefault("PENNYPROTECT_HOME", ".pennyprotect-demo")
    os.chdir(ROOT)
    if not todo:
        say("everything is set up")
        return 0
    commands = [command for stage in todo for lane in stage.lanes for command in lane]
    if len(commands) > 1:
        die_with_parent()
        return Runner().run(todo)
    if name in {"run", "demo"} and holds_terminal():
        return run_in_foreground(commands[0])
    replace_by(commands[0])
    return 1


if __name__ == "__main__":
    sys.exit(main())
