/** Serves the built page with the window's content policy for all tests of this folder. */
import { preview, type PreviewServer } from "vite";
import type { TestProject } from "vitest/node";

/** The policy of the real window, apart from its bridge. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

declare module "vitest" {
  export interface ProvidedContext {
    url: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server: PreviewServer = await preview({
    logLevel: "error",
    preview: { port: 0, host: "127.0.0.1", headers: { "content-security-policy": POLICY } },
  });
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error("the preview server has no address");
  project.provide("url", url);
  return () => server.close();
}
