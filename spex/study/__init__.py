"""Studies: many maps, tissues and their controls, as one table says, on the engine that a lab has."""
