"""Pure decisions: no I/O, no clock; `now` is a parameter."""
