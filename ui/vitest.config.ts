/** Unit tests of pure code and state classes; no browser. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  resolve: { conditions: ["browser"] },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
    // Ends a test that hangs. A busy machine slows the fuzz tests many times over, so it is no measure of them.
    testTimeout: 120_000,
  },
});
