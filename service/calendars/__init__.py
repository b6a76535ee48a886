"""Calendar files (iCalendar, RFC 5545) that say when the state is not to be sent to."""
