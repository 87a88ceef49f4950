"""The REST API: a client over a cache over single flights, retries and the transport."""
