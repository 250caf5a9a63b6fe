import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Puts the style sheet into the script that hands it to the page, so that one import or one <script> is all there is. */
function carryStyles(): Plugin {
  return {
    name: 'carry-styles',
    enforce: 'post',
    generateBundle(_, bundle) {
      const files = Object.values(bundle);
      const css = files.find(({ fileName }) => fileName === 'style.css');
      if (css?.type !== 'asset') throw new Error('There is no style.css to carry.');
      const reacts = files.filter((file) => file.type === 'chunk' && file.fileName !== 'react.js' && file.imports.some((name) => /^react($|\/)/.test(name)));
      if (reacts.length > 0) throw new Error(`Only react.js may need React: ${reacts.map(({ fileName }) => fileName).join(', ')}`);
      const carriers = files.filter((file) => file.type === 'chunk' && file.code.includes('__LECTERN_CSS__'));
      if (carriers.length !== 1) throw new Error(`The styles have ${carriers.length} places to go.`);
      for (const file of carriers) {
        if (file.type === 'chunk') file.code = file.code.replace(/(["'`])__LECTERN_CSS__\1/, () => JSON.stringify(String(css.source)));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), carryStyles()],
  publicDir: false,
  // Bundlers replace it in what they bundle; a page that loads these files itself has none.
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    target: 'es2022',
    outDir: 'dist-package/dist',
    emptyOutDir: true,
    cssCodeSplit: false,
    license: { fileName: 'THIRD-PARTY.md' },
    chunkSizeWarningLimit: 800,
    lib: {
      entry: { index: 'src/package/index.ts', react: 'src/package/react.tsx', embed: 'src/package/embed.ts' },
      formats: ['es'],
      cssFileName: 'style',
    },
    minify: true,
    rolldownOptions: {
      external: [/^react($|\/)/],
      output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js', assetFileNames: '[name][extname]' },
    },
  },
});
