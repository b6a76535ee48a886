"""Assessment, specification and roster in, report out. It never mends, and knows no network, database or framework."""
