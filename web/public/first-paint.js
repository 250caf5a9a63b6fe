// Puts the remembered theme and language on <html> before anything is painted, so the page never flashes in the wrong one.
(function () {
  try {
    var theme = localStorage.getItem('lectern.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    var language = localStorage.getItem('lectern.language');
    if (language) document.documentElement.lang = language;
  } catch {
    // Storage may be forbidden; the system's theme and the browser's language apply.
  }
})();
