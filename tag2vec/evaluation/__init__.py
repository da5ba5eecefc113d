"""Protocols, metrics and baselines."""
