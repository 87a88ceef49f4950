"""The requests of a day, shared by every process of a user."""
