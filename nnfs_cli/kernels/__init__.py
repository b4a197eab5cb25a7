"""Numerical routines that layers stand on."""
