"""Runs a probe on an implementation, guarded, and hands over what happened as plain data."""
