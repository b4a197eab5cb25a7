"""Numerical routines for layers."""
