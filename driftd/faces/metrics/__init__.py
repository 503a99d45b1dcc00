"""The view as Prometheus reads it."""
