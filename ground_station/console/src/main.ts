import { createApp, watch } from "vue";

import App from "./App.vue";
import { stayJoined } from "./lib/live";
import { enter, isIn } from "./lib/session";
import { readReference } from "./lib/reference";
import "./style.css";
import "./plan.css";

watch(isIn, (isThere) => {
  if (isThere) void readReference();
});
stayJoined();
void enter();
// A link that is pasted into a page that is open already changes its end alone: nothing reloads.
addEventListener("hashchange", () => void enter());
createApp(App).mount("#app");
