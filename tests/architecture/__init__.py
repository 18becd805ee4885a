"""The house rules, checked on the source itself. Needs no database and no build."""
