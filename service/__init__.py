"""The only place where things are built and wired: intake, delivery, the outbox, the API and the command line."""
