"""Reports: frames of estimates and findings in, one document out. Never imports `measure`."""
