"""Expression in each form that labs hand around: tables, a file a sample, AnnData."""
