"""An evaluation as one page for the browser: what is looked at, and how it is drawn."""
