"""XML of others: the one door through which it comes in. It knows no item and no format, and reads nothing beyond the bytes."""
