"""How contact maps are read, where a format leaves a choice."""

from spex.inputs.choices import Reading

__all__ = ["Reading"]
