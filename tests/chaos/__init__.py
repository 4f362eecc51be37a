"""The whole product while its parts die, hang, lose their line and are sent poison: what must hold is asked all the time."""
