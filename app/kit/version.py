"""The version of the installed product."""

from importlib.metadata import PackageNotFoundError, version


def product_version() -> str:
    """As the package says; 0.0.0 in a checkout that was not installed."""
    try:
        return version("pennyprotect")
    except PackageNotFoundError:
        return "0.0.0"
