/** What a user does: one request each. What the tower refuses becomes an error with its place and the next step. */

export class Refused extends Error {
  constructor(status, body) {
    super([body.error, body.where, body.hint].filter(Boolean).join(" · "));
    this.status = status;
  }
}

/** Sends an action and gives the answer. Throws Refused where the tower says no, or doesn't answer. */
export async function act(path, body = {}, method = "POST") {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, { error: "the tower does not answer", hint: "is `chaosmesh up` still running?" });
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, { error: `refused (${answer.status})`, ...told });
  return told;
}

/** Runs an action and says beside the control how it went: `said` is an element with role=status. */
export async function tried(said, work) {
  said.dataset.tone = "idle";
  try {
    const text = await work();
    said.dataset.tone = "ok";
    said.textContent = text ?? "";
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    said.dataset.tone = "bad";
    said.textContent = error.message;
    return false;
  }
}
