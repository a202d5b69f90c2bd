"""The command line: one thin module per verb; errors become exit codes here and progress is shown here."""
