"""What calls a model, for collections and for judges. `calls` says what goes out and what comes back; each other module is a client."""
