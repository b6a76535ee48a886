"""What is written down: payloads, submissions, lanes, receipts, and the promise that none of them is ever lost."""
