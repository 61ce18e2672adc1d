"""Training, synthesis, measuring and teaching: what made the reader, and what users can run themselves."""
