"""The embedded default: real servers from wheels and every role of the product, under one supervisor."""

import os

# The supervisor starts processes while a gRPC probe may be open; gRPC's own fork handlers only complain about that.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
