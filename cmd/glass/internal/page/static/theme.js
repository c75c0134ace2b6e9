// The chosen theme is on the root before the first paint; without a choice the system's counts.
try {
  const chosen = localStorage.getItem("glass.theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // storage may be forbidden: then the system's theme it is
}
