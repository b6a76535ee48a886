"""The dictionary of a specification package in other people's forms: a FHIR package, a spreadsheet, a page."""
