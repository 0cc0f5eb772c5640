// Sets the chosen theme before the first paint; without a choice the system's one is followed.
try {
  const theme = localStorage.getItem("incidentsim.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden: then the system's theme it is.
}
