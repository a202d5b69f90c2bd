"""One module per verb: joins the stages and the files."""
