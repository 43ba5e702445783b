"""What a run left behind: records read, written and analysed. Imports no torch."""
