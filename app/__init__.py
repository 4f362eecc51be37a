"""PennyProtect: cameras in, handled incidents out. Folders are stages in data-path order; see ARCHITECTURE.md."""
