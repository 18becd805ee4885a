// Signing in and out: the cookie is the server's, this only asks for it.
const HEADERS = { "Content-Type": "application/json" };
const TOKEN = "token";

/** Post to the API; resolves to null when it worked, else to a sentence that says what is wrong. */
export const post = async (path, body, whenUnreachable) => {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: HEADERS,
      credentials: "same-origin",
      body: JSON.stringify(body ?? {}),
    });
    if (response.ok) return null;
    const answer = await response.json().catch(() => null);
    return answer?.error?.message ?? whenUnreachable;
  } catch {
    return whenUnreachable;
  }
};

/** A new identity needs a new page: the old one holds the state of whoever was there before. */
export const arriveAt = (path) => {
  sessionStorage.removeItem(TOKEN);
  location.assign(path);
};
