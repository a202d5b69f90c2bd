"""The addresses of the app, and what answers at each."""
