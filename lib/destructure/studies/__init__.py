"""The registered studies of the course, and what their tables say."""
