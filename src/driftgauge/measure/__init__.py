"""Statistics on plain arrays and frames: ratings in, estimates and findings out. Begin with `analysis.measure`."""
