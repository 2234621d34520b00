import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// `npm run dev` shows a station that already runs: GRIDPATROL_STATION=http://127.0.0.1:PORT.
const station = process.env.GRIDPATROL_STATION ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  plugins: [vue()],
  build: {
    outDir: "built",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // the station's content policy allows no data: fonts
    license: { fileName: "licenses.md" }, // notices of what is bundled go where it goes
    chunkSizeWarningLimit: 1500, // MapLibre is one megabyte
  },
  // The station refuses what another site asks; here the proxy is the site.
  server: {
    proxy: { "/api": { target: station, ws: true, changeOrigin: true, headers: { Origin: station } } },
  },
});
