"""What calls a model, for collections and for judges: `calls` says what passes, each other module is a client."""
