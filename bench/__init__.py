"""Benchmarks of speed. README.md lists the modules to run."""
