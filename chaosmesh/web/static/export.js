/** What was done in the page, as a pytest experiment: to look at, to copy, to keep. */

import { act, tried } from "./actions.js";
import { h } from "./dom.js";

export function exporting(button, dialog) {
  const said = h("p", { class: "said", role: "status" });
  const code = h("pre", { tabindex: 0, "aria-label": "The experiment" });
  const name = h("code");
  const copy = h("button", { type: "button", class: "small", text: "Copy" });
  copy.addEventListener("click", () => tried(said, async () => navigator.clipboard.writeText(code.textContent).then(() => "copied")));
  const close = h("button", { type: "button", class: "small", text: "Close", onclick: () => dialog.close() });
  const save = h("a", { class: "small button primary", href: "/api/export", download: "", text: "Download" });
  dialog.append(
    h("h2", { id: "exported-title", text: "What you did, as a test" }),
    h("p", {}, "Save it as ", name, " and run it with pytest."),
    code,
    h("div", { class: "buttons" }, save, copy, close),
    said,
  );
  const note = h("p", { class: "said", role: "status" });
  button.after(note);
  button.addEventListener("click", () =>
    tried(note, async () => {
      const made = await act("/api/export", {});
      code.textContent = made.text;
      name.textContent = made.name;
      save.setAttribute("download", made.name);
      dialog.showModal();
    }),
  );
}
