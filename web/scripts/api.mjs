/**
 * Writes src/api/schema.ts: the types of the public API, from the document that the gateway serves.
 * `--check` writes nothing and fails where the committed file is not what the document says.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { generateApi } from 'swagger-typescript-api';

const document = fileURLToPath(new URL('../../services/gateway/public-api.json', import.meta.url));
const target = fileURLToPath(new URL('../src/api/schema.ts', import.meta.url));

const { files } = await generateApi({ input: document, generateClient: false, generateUnionEnums: true, silent: true });
const body = files[0].fileContent.replace(/^(\/\*[^]*?\*\/\s*|\/\/.*\n)+/, '');
const made = `// Made by \`npm run api\` from services/gateway/public-api.json; not to be edited.\n\n${body}`;

if (!process.argv.includes('--check')) {
  await writeFile(target, made);
} else if ((await readFile(target, 'utf8').catch(() => '')) !== made) {
  console.error('src/api/schema.ts is out of date: run `make openapi` and commit it.');
  process.exitCode = 1;
}
