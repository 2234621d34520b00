import { createApp } from "vue";

import App from "./App.vue";
import { stayJoined } from "./lib/live";
import { readReference } from "./lib/reference";
import "./style.css";

stayJoined();
void readReference();
createApp(App).mount("#app");
