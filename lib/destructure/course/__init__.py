"""Looking after the course itself: its contents, executing and checking notebooks, and this machine's fitness."""
