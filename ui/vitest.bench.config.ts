/** Measures the built page with a thousand sessions in a real Chromium; asserts nothing. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["bench/**/*.bench.ts"],
    environment: "node",
    globalSetup: ["tests/server.ts"],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
