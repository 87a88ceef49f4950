"""What every file of the package on this machine stands on."""
