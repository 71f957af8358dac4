// What an app behind an identity-aware proxy does: it asks the provider's refresh route, as Backstage's ProxiedSignInPage does. There
// is no popup and no redirect of ours; the edge has signed the person in already.
const provider = "/api/auth/cfaccess";
const script = { headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "include" };
const show = (id, text) => { document.getElementById(id).textContent = text; };

async function whoAmI() {
  const answer = await fetch(`${provider}/refresh`, script);
  const body = await answer.json();
  if (!answer.ok) {
    show("title", "Access knows you, this backend does not");
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

document.getElementById("sign-out").addEventListener("click", async () => {
  const answer = await fetch(`${provider}/logout`, { ...script, method: "POST" });
  location.assign((await answer.json()).logoutUrl);
});

document.getElementById("around").addEventListener("click", async () => {
  const { url, status } = await (await fetch("/around", { ...script, method: "POST" })).json();
  show("refused", `${url}: ${status}`);
});

whoAmI().catch((err) => {
  show("title", "The backend cannot be reached");
  show("detail", String(err));
});
