/**
 * Lighthouse's marks for pages of a running suite, one JSON line each: `{page, accessibility, bestPractices, misses}`.
 *
 *   node run.mjs CHROMIUM BASE_URL '[{"page": "/", "role": null}, ...]'
 *
 * `role` is who signs in by the demo before; the sign-in lives in the tab, so the same tab is looked at.
 */
import lighthouse from 'lighthouse';
import puppeteer from 'puppeteer-core';

const [executablePath, base, written] = process.argv.slice(2);
// A browser for each: Lighthouse leaves the one it used as it likes.
for (const { page: path, role } of JSON.parse(written)) {
  const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'] });
  try {
    const [page] = await browser.pages();
    if (role) {
      await page.goto(base, { waitUntil: 'networkidle0' });
      await page.click(`[data-testid=sign-in-${role}]`);
      await page.waitForSelector('[data-testid=signed-in-as]');
    }
    const flags = { onlyCategories: ['accessibility', 'best-practices'], disableStorageReset: true, logLevel: 'error', formFactor: 'desktop', screenEmulation: { disabled: true } };
    const { lhr } = await lighthouse(base + path, flags, undefined, page);
    const misses = Object.values(lhr.audits).filter(({ score }) => score !== null && score < 1).map(({ id }) => id);
    const mark = (category) => Math.round(lhr.categories[category].score * 100);
    console.log(JSON.stringify({ page: path, accessibility: mark('accessibility'), bestPractices: mark('best-practices'), misses }));
  } finally {
    await browser.close();
  }
}
