"""Processes killed at every step and at random: what was done is done once."""
