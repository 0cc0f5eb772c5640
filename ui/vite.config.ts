import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    target: "es2023",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // light-dark() stays as it is
    license: { fileName: "assets/licenses.md" },
    sourcemap: false,
  },
  server: { proxy: { "/api": { target: process.env["API"] ?? "http://127.0.0.1:8086", ws: true } } },
  test: {
    restoreMocks: true,
    pool: "vmThreads", // each file apart, in half the time of processes
    // A page to render into takes a second to make: only what renders gets one.
    projects: [
      { extends: true, test: { name: "pure", environment: "node", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "rendered",
          environment: "jsdom",
          include: ["src/**/*.test.tsx"],
          setupFiles: ["src/testing/setup.ts"],
        },
      },
    ],
  },
});
