/** Drives the built page with the fake backend in a real Chromium. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    globalSetup: ["tests/server.ts"],
    // A page load plus a handful of interactions on a busy two-core machine.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    // As long as for an element to appear: a busy machine needs seconds, never this long.
    expect: { poll: { timeout: 40_000 } },
  },
});
