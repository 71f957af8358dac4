// What an app behind an identity-aware proxy does: it asks the provider's refresh route, as Backstage's ProxiedSignInPage does. There
// is no popup and no redirect of ours; the edge has signed the person in already.
const provider = "/api/auth/cfaccess";
const script = { headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "include" };
const show = (id, text) => { document.getElementById(id).textContent = text; };

// ask returns the status and the JSON of an answer. What is no JSON is the edge's: it knows nobody here any more, and its page is what a
// reload brings.
async function ask(url, method = "GET") {
  const answer = await fetch(url, { ...script, method });
  if (!answer.headers.get("Content-Type")?.startsWith("application/json")) {
    location.reload();
    return new Promise(() => {}); // the page is on its way out
  }
  return { status: answer.status, body: await answer.json() };
}

async function whoAmI() {
  const { status, body } = await ask(`${provider}/refresh`);
  if (status !== 200) {
    show("title", status === 403 ? "The edge knows you, this backend does not" : "This backend did not sign you in");
    show("detail", body.error.message);
    return;
  }
  const { profile, backstageIdentity } = body;
  show("title", `Hello ${profile.displayName || backstageIdentity.identity.userEntityRef}`);
  show("detail", "The edge signed you in; the backend checked its word and made you a token.");
  show("user", backstageIdentity.identity.userEntityRef);
  show("owns", backstageIdentity.identity.ownershipEntityRefs.join(", "));
  show("email", profile.email || "none");
  show("left", `${Math.round(backstageIdentity.expiresInSeconds / 60)} minutes`);
  document.getElementById("facts").hidden = false;
}

const failed = (err) => {
  show("title", "The backend cannot be reached");
  show("detail", String(err));
};

document.getElementById("sign-out").addEventListener("click", () => {
  ask(`${provider}/logout`, "POST").then(({ body }) => location.assign(body.logoutUrl)).catch(failed);
});

document.getElementById("around").addEventListener("click", () => {
  ask("/around", "POST").then(({ body }) => show("refused", `GET ${body.url}: ${body.status}`)).catch(failed);
});

whoAmI().catch(failed);
