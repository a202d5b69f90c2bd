"""Benchmarks: a folder of scenarios and pictures that is checked, frozen under a hash, verified and exchanged."""
