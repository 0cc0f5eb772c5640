"""The chart on a real cluster, in the order of its life: install, drills, mishaps, upgrade, uninstall. `make e2e`."""
