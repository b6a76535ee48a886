"""What is different between two specification packages, and for whom: in the words of those who must follow."""
