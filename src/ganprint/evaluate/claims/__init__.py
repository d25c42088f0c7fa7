"""Arithmetic on published figures: what counts or rates imply, and what chance would give."""
