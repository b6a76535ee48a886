"""The audit trail: who did what, when, why and with what outcome; chained, signed, and checked by anybody."""
