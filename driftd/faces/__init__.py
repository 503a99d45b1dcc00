"""Renders what is known, and decides nothing."""
