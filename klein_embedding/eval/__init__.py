"""Measuring a model: sets, metrics with their uncertainty, baselines, results and the table."""
