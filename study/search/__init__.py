"""What a sweep proposes and when it stops a trial: Optuna behind Ray Tune, records before both."""
