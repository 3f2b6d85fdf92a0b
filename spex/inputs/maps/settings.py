"""How contact maps are read, where a format leaves a choice."""

from dataclasses import dataclass, fields

from spex.arguments import positive_number, whole_number
from spex.errors import InputError, shown


@dataclass(frozen=True)
class Reading:
    """What is taken for the count of a contact, by format; defaults are None but for the value column.

    value_column: of the pixels of cooler's files. count_column: of loops and other tables, its number from 1 up or its
    name in the header. contact_radius: in the units of 3D models; two beads that are nearer are in contact.

    Raises:
        InputError: a value that none of them can have.
    """

    value_column: str = "count"
    count_column: int | str | None = None
    contact_radius: float | None = None

    def __post_init__(self):
        if not isinstance(self.value_column, str) or not self.value_column:
            raise InputError(f"found {shown(repr(self.value_column))}", argument="value_column", expected="a name")
        if isinstance(self.count_column, str):
            if not self.count_column:
                raise InputError("found nothing", argument="count_column", expected="a name, or a number from 1 up")
        elif self.count_column is not None:
            whole_number(self.count_column, "count_column", least=1)
        if self.contact_radius is not None:
            positive_number(self.contact_radius, "contact_radius")

    def given(self):
        """What is not left to its default: dict of name -> value."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value != getattr(Reading, name)}
