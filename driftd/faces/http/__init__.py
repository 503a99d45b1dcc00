"""The daemon's own HTTP surface."""
