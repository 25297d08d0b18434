"""An index of files: built once, kept up to date, searched by meaning and by words."""
