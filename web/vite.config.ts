import react from '@vitejs/plugin-react';
import { loadEnv } from 'vite';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => {
  // The proxy only matters in development; in production the gateway serves this app and the API from one origin.
  const gateway = loadEnv(mode, process.cwd(), 'VITE_').VITE_API_URL || 'http://127.0.0.1:8000';
  const toGateway = { target: gateway, changeOrigin: false };
  return {
    plugins: [react()],
    server: { host: '127.0.0.1', proxy: { '/api': toGateway, '/public': toGateway, '/health': toGateway } },
    build: {
      target: 'es2022',
      // Everything stays in files: a strict Content-Security-Policy allows no data: scripts, and hashed files cache for ever.
      assetsInlineLimit: 0,
      // The app, and the page that others show in a frame.
      rolldownOptions: { input: ['index.html', 'embed.html'] },
      modulePreload: { polyfill: false },
      // video.js with its HLS engine is one lazily loaded chunk of about 700 kB; it cannot be split further.
      chunkSizeWarningLimit: 800,
    },
    test: { environment: 'happy-dom', include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
  };
});
