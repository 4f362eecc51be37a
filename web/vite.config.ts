import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const MOST_AT_FIRST = 250_000;

/** Fails a build whose first load is more than 250 kB of gzipped JavaScript: the entry, and all that it imports at once. */
function firstLoad(): Plugin {
  return {
    name: "first-load",
    generateBundle(_, bundle) {
      const wanted = Object.values(bundle).flatMap((each) => (each.type === "chunk" && each.isEntry ? [each.fileName] : []));
      const loaded = new Set<string>();
      let bytes = 0;
      for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
        const chunk = bundle[name];
        if (loaded.has(name) || chunk?.type !== "chunk") continue;
        loaded.add(name);
        bytes += gzipSync(chunk.code).length;
        wanted.push(...chunk.imports);
      }
      if (loaded.size === 0 || bytes > MOST_AT_FIRST) this.error(`The first load is ${bytes} bytes of gzipped JavaScript in ${loaded.size} files; at most ${MOST_AT_FIRST}.`);
      console.log(`first load: ${(bytes / 1000).toFixed(1)} kB gzip of JavaScript in ${loaded.size} files`);
    },
  };
}

// In development the service (or dev/double.mjs) answers what the page asks of its own origin.
const service = process.env["PENNYPROTECT_SERVICE_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  plugins: [react(), firstLoad()],
  build: {
    outDir: "dist",
    target: "es2022",
    // Fonts as data: addresses would need a wider content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": { target: service },
      "/ws": { target: service, ws: true },
    },
  },
});
