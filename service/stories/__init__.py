"""Stories: where each answer of an assessment came from, or the first reason why there is none."""
