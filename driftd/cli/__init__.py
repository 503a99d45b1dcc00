"""One file per command: parses, calls, prints; imports late, so that ``--help`` is instant."""
