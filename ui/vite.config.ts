/**
 * Builds the window's page into `dist`.
 *
 * Promise: every asset is a file of our own origin, so that a strict content policy holds
 * (`default-src 'self'`): no inline scripts, no data URLs for fonts.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  // The mark is drawn once, in the folder of the icons.
  server: { port: 5173, strictPort: true, fs: { allow: [".."] } },
  build: {
    target: "es2022",
    rollupOptions: { input: ["index.html", "quick.html", "pane.html"] },
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
