"""`python -m destructure`."""

from destructure.cli import app

app(prog_name="python -m destructure")
