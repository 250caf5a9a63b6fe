import './package.css';

/** The build puts the text of style.css here. */
const css = '__LECTERN_CSS__';

let adopted = false;

/**
 * Gives the page the player's styles, once, as an adopted style sheet: no `<link>` to forget, and no `<style>` that a strict
 * Content-Security-Policy would refuse. Every selector of it begins at the player.
 */
export function adoptStyles(): void {
  if (adopted) return;
  adopted = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  // First of all, so that a page that wants something else needs no stronger selector.
  document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
}
