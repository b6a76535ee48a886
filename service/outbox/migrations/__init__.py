"""The steps by which the schema came to be; replayed in order by ``service.outbox.migrate``."""
