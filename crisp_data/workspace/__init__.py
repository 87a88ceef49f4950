"""The workspace that an analyst holds: its reads and its writes."""
