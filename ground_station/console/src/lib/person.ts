/** Who sits at this console: typed once, kept in this browser, sent with every verb. */
import { computed, ref, watch } from "vue";

const KEY = "gridpatrol.person";

export const person = ref(localStorage.getItem(KEY) ?? "");
export const hasPerson = computed(() => person.value.trim() !== "");

watch(person, (name) => localStorage.setItem(KEY, name.trim()));
