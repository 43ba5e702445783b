"""The toolkit: sweeps, confirmation, ablation and the report, for any trainable."""
