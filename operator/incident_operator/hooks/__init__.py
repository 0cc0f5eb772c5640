"""What Helm runs before and after the operator lives: the definitions' upgrade, and a clean end."""
