"""What is measured: this project's API, and an earlier simulator's backend. The scenarios know neither."""
