"""How people walk from one camera's picture to another's: the drawn graph of a store."""
