"""Exact checks of a tenant's data: no statistics, no warm-up. `model` has the nouns."""
