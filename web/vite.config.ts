import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// In development the service (or dev/double.mjs) answers what the page asks of its own origin.
const service = process.env["PENNYPROTECT_SERVICE_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  plugins: [react()],
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
