"""Sage X3's REST web services: the protocol without I/O, the client, authentication, and the catalogue of classes."""

import sys

# httpx's own command line would load rich and pygments: a sixth of the time that a command of ours takes to start.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
