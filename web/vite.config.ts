// SPDX-License-Identifier: Apache-2.0
// How the pages are built. Everything becomes a file of its own: the content security policy allows neither inline
// scripts nor inline styles, nor data: addresses.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  logLevel: "warn",
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rollupOptions: {
      output: {
        manualChunks: { parts: ["react", "react-dom", "@mantine/core", "@tanstack/react-query", "@tanstack/react-router"] },
      },
    },
  },
});
