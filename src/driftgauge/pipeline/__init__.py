"""One module per verb: joins the stages and the files; everything that touches a disk, a clock or a seed is here."""
