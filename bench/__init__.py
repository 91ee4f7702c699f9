"""Benchmarks: `python -m bench [names]`; what each line means, docs/benchmarks.md tells."""
