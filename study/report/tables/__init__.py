"""Tables to take away: the leaderboard, runs, verdicts; one writer per format."""
