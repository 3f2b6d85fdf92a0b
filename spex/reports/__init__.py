"""Finished runs as pictures and tables; nothing here fits anything."""
