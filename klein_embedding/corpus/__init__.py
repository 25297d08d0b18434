"""Public text in, one clean and guarded corpus out."""
