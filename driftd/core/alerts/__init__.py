"""Alerts: drifts that last. `model` has the nouns."""
