"""What all applications share: settings, command line, run folder, report, download."""
