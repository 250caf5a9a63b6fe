/**
 * Finishes dist-package/ after Vite has built its scripts: the types that the three entries name, package.json, README and
 * licence. `npm pack ./dist-package` makes the file that is published.
 */
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('..', import.meta.url));
const target = join(web, 'dist-package');
const all = join(target, 'types');
const kept = join(target, 'dist', 'types');

const tsc = join(web, 'node_modules', 'typescript', 'bin', 'tsc');
const done = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.package.json'], { cwd: web, stdio: 'inherit' });
if (done.status !== 0) process.exit(done.status ?? 1);

const imported = /((?:from|import)\s*\(?['"])(\.[^'"]+?)(['"])/g;

/** Of all types that were written, those that can be reached from here. */
async function keep(file, seen) {
  if (seen.has(file)) return;
  seen.add(file);
  const text = await readFile(join(all, file), 'utf8');
  await mkdir(dirname(join(kept, file)), { recursive: true });
  // With endings, as Node's own way of finding modules wants them.
  await writeFile(join(kept, file), text.replaceAll(imported, '$1$2.js$3'));
  for (const [, , named] of text.matchAll(imported)) await keep(join(dirname(file), `${named}.d.ts`), seen);
}

const seen = new Set();
for (const entry of ['index', 'react', 'embed']) await keep(join('package', `${entry}.d.ts`), seen);
await rm(all, { recursive: true });
for (const file of ['package.json', 'README.md']) await copyFile(join(web, 'package', file), join(target, file));
await copyFile(join(web, '..', 'LICENSE'), join(target, 'LICENSE'));
console.log(`dist-package/: ${seen.size} files of types`);
