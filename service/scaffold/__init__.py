"""A first draft of a package from a spreadsheet of items."""
